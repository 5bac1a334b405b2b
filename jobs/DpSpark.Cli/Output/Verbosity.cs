namespace DpSpark.Cli.Output;

/// <summary>How much is said; the words of the dotnet command line.</summary>
internal enum Verbosity
{
    /// <summary>Faults only.</summary>
    Quiet,

    /// <summary>Faults, warnings and the result.</summary>
    Minimal,

    /// <summary>Also the steps and a preview.</summary>
    Normal,

    /// <summary>Also hints.</summary>
    Detailed,

    /// <summary>Everything there is.</summary>
    Diagnostic,
}
