using DpSpark.Core;

namespace DpSpark.Jobs.Ledger;

/// <summary>Why the ledger cannot be used.</summary>
public enum LedgerFault
{
    /// <summary>Not a database, not a ledger, or the hash chain is broken. Exit 6.</summary>
    Damaged,

    /// <summary>The secret of an open reservation is gone, so that its noise cannot be drawn again. Exit 6.</summary>
    SecretLost,

    /// <summary>The file stayed locked by another process beyond the wait. Exit 8.</summary>
    Locked,

    /// <summary>The same release is running elsewhere. Exit 8.</summary>
    Busy,

    /// <summary>Not there, not readable, not writable, or no space left. Exit 7.</summary>
    Unreachable,

    /// <summary>It is not known whether a commit reached the file. Exit 9.</summary>
    InDoubt,
}

/// <summary>The ledger cannot be used, or not now.</summary>
public sealed class LedgerException : DpSparkException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="fault">Decides code and exit code.</param>
    /// <param name="message">What is wrong.</param>
    /// <param name="why">Cause, or null.</param>
    /// <param name="fixes">What to do next.</param>
    /// <param name="inner">Cause, if another exception led here.</param>
    public LedgerException(LedgerFault fault, string message, string? why = null, IReadOnlyList<string>? fixes = null, Exception? inner = null)
        : base(CodeOf(fault), ExitCodeOf(fault), message, why, fixes, inner) => Fault = fault;

    /// <summary>Why the ledger cannot be used.</summary>
    public LedgerFault Fault { get; }

    private static string CodeOf(LedgerFault fault) => fault switch
    {
        LedgerFault.Damaged => "DPS4010",
        LedgerFault.SecretLost => "DPS4011",
        LedgerFault.Locked => "DPS4012",
        LedgerFault.Busy => "DPS4013",
        LedgerFault.Unreachable => "DPS4014",
        _ => "DPS4015",
    };

    private static int ExitCodeOf(LedgerFault fault) => fault switch
    {
        LedgerFault.Damaged or LedgerFault.SecretLost => ExitCodes.Assurance,
        LedgerFault.Locked or LedgerFault.Busy => ExitCodes.Busy,
        LedgerFault.Unreachable => ExitCodes.Environment,
        _ => ExitCodes.InDoubt,
    };
}
