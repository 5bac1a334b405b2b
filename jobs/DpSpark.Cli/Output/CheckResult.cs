namespace DpSpark.Cli.Output;

/// <summary>One thing that the doctor looked at.</summary>
/// <param name="Name">What it is: a word that stays.</param>
/// <param name="State"><c>ok</c>, <c>note</c> (not there, and not needed for what was asked), <c>fault</c> or <c>skipped</c> (an earlier fault stands before it).</param>
/// <param name="Text">What was found; for a fault its code.</param>
internal sealed record CheckResult(string Name, string State, string Text);
