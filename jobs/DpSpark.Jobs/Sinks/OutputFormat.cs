namespace DpSpark.Jobs.Sinks;

/// <summary>Formats of released files.</summary>
public enum OutputFormat
{
    /// <summary>Apache Parquet.</summary>
    Parquet,

    /// <summary>Text with a header.</summary>
    Csv,

    /// <summary>Arrow IPC file.</summary>
    Arrow,
}
