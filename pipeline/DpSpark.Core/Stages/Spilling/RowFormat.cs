
namespace DpSpark.Core.Stages.Spilling;

/// <summary>
/// How contributions are laid out in buckets. Where unit and partition are words: unit, partition, values. Otherwise: (words | unit bytes ≪ 32), partition bytes, hash of the unit,
/// hash of the partition, values, then the bytes of both, padded to a word.
/// </summary>
internal sealed class RowFormat
{
    /// <summary>Words before the values of a row with bytes.</summary>
    public const int HeaderWords = 4;

    public RowFormat(StageSpec spec)
    {
        UnitShape = ProjectStage.UnitShapeOf(spec);
        PartitionShape = ProjectStage.PartitionShapeOf(spec);
        Values = spec.RecordColumns.Count;
    }

    public KeyShape UnitShape { get; }

    public KeyShape PartitionShape { get; }

    public int Values { get; }

    /// <summary>Whether all rows have the same length.</summary>
    public bool IsFixed => UnitShape != KeyShape.Bytes && PartitionShape != KeyShape.Bytes;

    /// <summary>Words of a row as the bounding stage takes it.</summary>
    public int Stride => 2 + Values;

    /// <summary>Words of a row with bytes.</summary>
    public int WordsOf(int unitBytes, int partitionBytes) => HeaderWords + Values + ((unitBytes + partitionBytes + 7) / 8);
}
