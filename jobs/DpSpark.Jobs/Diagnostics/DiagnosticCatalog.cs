namespace DpSpark.Jobs.Diagnostics;

/// <summary>A code and what it stands for.</summary>
/// <param name="Code"><c>DPS</c> and four digits.</param>
/// <param name="Title">What is wrong, in a few words.</param>
public sealed record DiagnosticEntry(string Code, string Title);

/// <summary>The codes of the job manifest (DPS2xxx) with their titles. Codes are stable: they are never given another meaning.</summary>
public static class DiagnosticCatalog
{
    internal const string CannotRead = "DPS2001";
    internal const string UnknownKey = "DPS2002";
    internal const string NotText = "DPS2003";
    internal const string Syntax = "DPS2004";
    internal const string DuplicateKey = "DPS2005";
    internal const string YamlFeature = "DPS2006";
    internal const string TooLarge = "DPS2007";
    internal const string NotYet = "DPS2008";
    internal const string MissingKey = "DPS2009";
    internal const string WrongType = "DPS2010";
    internal const string MissingBounds = "DPS2011";
    internal const string Version = "DPS2012";
    internal const string OutOfDomain = "DPS2013";
    internal const string UnknownWord = "DPS2014";
    internal const string UnknownColumn = "DPS2015";
    internal const string DuplicateName = "DPS2016";
    internal const string ColumnTypeUnknown = "DPS2017";
    internal const string TypeMisuse = "DPS2018";
    internal const string Exclusive = "DPS2019";
    internal const string BoundsReversed = "DPS2020";
    internal const string UnitBounds = "DPS2021";
    internal const string KeysetSource = "DPS2022";
    internal const string KeysetColumns = "DPS2023";
    internal const string KeysetValue = "DPS2024";
    internal const string KeysetTooLarge = "DPS2025";
    internal const string KeysetFile = "DPS2026";
    internal const string DeltaZero = "DPS2027";
    internal const string Variable = "DPS2028";
    internal const string RunDate = "DPS2029";
    internal const string SourcePath = "DPS2030";
    internal const string OutputClash = "DPS2031";
    internal const string PolicyMisplaced = "DPS2032";
    internal const string BudgetExceeded = "DPS2033";
    internal const string LedgerMissing = "DPS2034";
    internal const string Bins = "DPS2035";
    internal const string BadName = "DPS2036";
    internal const string UnusedVariable = "DPS2037";
    internal const string Condition = "DPS2038";

    /// <summary>The entries, by rising code.</summary>
    public static IReadOnlyList<DiagnosticEntry> Manifest { get; } =
    [
        new(CannotRead, "The job manifest cannot be read"),
        new(UnknownKey, "Unknown key"),
        new(NotText, "The job manifest is not UTF-8 text"),
        new(Syntax, "YAML syntax error"),
        new(DuplicateKey, "A key is written twice"),
        new(YamlFeature, "Anchors, aliases, merge keys, tags and several documents are not part of a job manifest"),
        new(TooLarge, "The job manifest is too large or nested too deeply"),
        new(NotYet, "Not supported yet"),
        new(MissingKey, "A key is missing"),
        new(WrongType, "A value is of the wrong kind"),
        new(MissingBounds, "An aggregate has no bounds"),
        new(Version, "The version of the manifest is not known"),
        new(OutOfDomain, "A number is outside of its domain"),
        new(UnknownWord, "A value is not one of the words that are allowed"),
        new(UnknownColumn, "A column is not in the contract"),
        new(DuplicateName, "A name or a value is given twice"),
        new(ColumnTypeUnknown, "A column's type is not known"),
        new(TypeMisuse, "A column's type does not fit its use"),
        new(Exclusive, "Keys that exclude each other, or need each other"),
        new(BoundsReversed, "A lower bound is above its upper bound"),
        new(UnitBounds, "The privacy unit's contributions are not bounded"),
        new(KeysetSource, "A keyset does not say why its keys are public"),
        new(KeysetColumns, "The keyset's columns are not those of partition_by"),
        new(KeysetValue, "A keyset's value does not fit its column"),
        new(KeysetTooLarge, "The keyset has too many keys"),
        new(KeysetFile, "The keyset's file cannot be used"),
        new(DeltaZero, "A mechanism needs a delta above 0"),
        new(Variable, "A variable is not defined or not well-formed"),
        new(RunDate, "The run date is needed and was not given"),
        new(SourcePath, "The source is not well-formed"),
        new(OutputClash, "Two output columns have the same name"),
        new(PolicyMisplaced, "A value policy does not fit its column"),
        new(BudgetExceeded, "The shares exceed the total budget"),
        new(LedgerMissing, "No ledger is named"),
        new(Bins, "Bins are not well-formed"),
        new(BadName, "A name cannot be used"),
        new(UnusedVariable, "A variable given on the command line is not used (warning)"),
        new(Condition, "A condition cannot be read"),
    ];
}
