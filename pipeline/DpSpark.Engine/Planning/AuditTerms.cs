using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning;

/// <summary>What an audit asks of the terms of a draw.</summary>
internal static class AuditTerms
{
    /// <summary>Whether a term counts units or rows, each once.</summary>
    public static bool IsCount(this StageSpec spec, Term term) => term.Accumulator == -1 || (term.Accumulator >= 0 && spec.Accumulators[term.Accumulator].Kind == AccumulatorKind.Count);
}
