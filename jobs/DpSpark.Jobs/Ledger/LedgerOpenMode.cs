namespace DpSpark.Jobs.Ledger;

/// <summary>Whether a ledger that is not there is made.</summary>
public enum LedgerOpenMode
{
    /// <summary>Makes a new ledger where there is none: for runs and for setting caps.</summary>
    OpenOrCreate,

    /// <summary>The ledger must be there; nothing is written by opening it: for looking.</summary>
    Existing,
}
