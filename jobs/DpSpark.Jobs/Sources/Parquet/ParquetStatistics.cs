namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>What the footer says of a column in a row group. Bounds may be wider than the values; they are only given where the format makes them trustworthy.</summary>
/// <param name="NullCount">Nulls, or null when not stated.</param>
/// <param name="Min">Lower bound, stored as the column's PLAIN value without a length, or null.</param>
/// <param name="Max">Upper bound, likewise.</param>
/// <param name="ValueCount">Rows, nulls included.</param>
/// <param name="CompressedBytes">Bytes of the column's pages in the file.</param>
/// <param name="UncompressedBytes">Bytes of the column's pages when decompressed.</param>
public sealed record ParquetStatistics(long? NullCount, byte[]? Min, byte[]? Max, long ValueCount, long CompressedBytes, long UncompressedBytes);
