using DpSpark.Core;

namespace DpSpark.Engine.Planning;

/// <summary>Something that makes a plan impossible.</summary>
/// <param name="Code">DPS25xx, as listed in <c>docs/errors.md</c>.</param>
/// <param name="Path">The manifest key it is about, for example <c>aggregates[1].max_value</c>.</param>
/// <param name="Message">What is wrong and why, one or two sentences.</param>
/// <param name="Fixes">What to do, best first.</param>
public sealed record PlanFault(string Code, string Path, string Message, IReadOnlyList<string> Fixes);

/// <summary>A request that cannot be planned; holds all its faults at once.</summary>
public sealed class PlanningException : DpSparkException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="faults">At least one.</param>
    public PlanningException(IReadOnlyList<PlanFault> faults)
        : base(First(faults).Code, ExitCodes.Usage, Describe(faults), null, First(faults).Fixes) => Faults = faults;

    /// <summary>Everything that is wrong, in manifest order.</summary>
    public IReadOnlyList<PlanFault> Faults { get; }

    private static PlanFault First(IReadOnlyList<PlanFault> faults)
    {
        ArgumentNullException.ThrowIfNull(faults);
        ArgumentOutOfRangeException.ThrowIfZero(faults.Count);
        return faults[0];
    }

    private static string Describe(IReadOnlyList<PlanFault> faults) => string.Join(Environment.NewLine, faults.Select(f => $"{f.Path}: {f.Message}"));
}
