using DpSpark.Core;

namespace DpSpark.Jobs.Sources;

/// <summary>A file breaks the column contract in one or more places, found before any row was decoded. Code, cause and fixes are those of the first fault.</summary>
public sealed class SourceContractException : DpSparkException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="faults">At least one.</param>
    public SourceContractException(IReadOnlyList<SourceFormatException> faults)
        : base(faults[0].Code, ExitCodes.Contract, faults[0].Message, faults[0].Why, faults[0].Fixes)
    {
        Faults = faults;
    }

    /// <summary>All of them.</summary>
    public IReadOnlyList<SourceFormatException> Faults { get; }
}
