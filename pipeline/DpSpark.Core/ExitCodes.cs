namespace DpSpark.Core;

/// <summary>Exit codes of the command line. Stable: schedulers act on them.</summary>
public static class ExitCodes
{
    /// <summary>Released, or replayed the same release.</summary>
    public const int Ok = 0;

    /// <summary>Ran and failed; nothing left the job; the reservation is kept for the retry.</summary>
    public const int FailedSafe = 1;

    /// <summary>Bad flags or job manifest.</summary>
    public const int Usage = 2;

    /// <summary>The ledger refused.</summary>
    public const int Budget = 3;

    /// <summary>A goal cannot be met; nothing spent.</summary>
    public const int Goals = 4;

    /// <summary>The source differs from its contract; nothing spent.</summary>
    public const int Contract = 5;

    /// <summary>A check of what was promised found a fault.</summary>
    public const int Assurance = 6;

    /// <summary>Spark, storage or ledger cannot be reached.</summary>
    public const int Environment = 7;

    /// <summary>The same release is running elsewhere, or a lock is held beyond the wait.</summary>
    public const int Busy = 8;

    /// <summary>The output is committed but the ledger's commit could not be confirmed.</summary>
    public const int InDoubt = 9;

    /// <summary>Unhandled; a defect of DpSpark.</summary>
    public const int Bug = 70;

    /// <summary>Ctrl-C or SIGTERM.</summary>
    public const int Cancelled = 130;
}
