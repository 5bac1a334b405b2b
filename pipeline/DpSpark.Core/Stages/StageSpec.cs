using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;
using DpSpark.Core.Stages.Items;

namespace DpSpark.Core.Stages;

/// <summary>
/// Everything that the batch-in, batch-out steps of one release need to know: the serialised form of a plan that both hosts, the local engine and the Spark worker, run.
/// All parameters are exact integers or rationals computed once by the planner; no host recomputes one.
/// </summary>
public sealed record StageSpec
{
    /// <summary>The version this code writes and reads.</summary>
    public const int CurrentVersion = 2;

    /// <summary>Version of the layout.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>The columns of the contract, in manifest order. All of them are read and their policies applied.</summary>
    public required IReadOnlyList<ColumnSpec> Columns { get; init; }

    /// <summary>Names of the columns that identify a privacy unit; empty when every row is its own unit.</summary>
    public required IReadOnlyList<string> UnitColumns { get; init; }

    /// <summary>Whether rows with a null id form one unit; otherwise they are left out.</summary>
    public bool NullIdIsOneUnit { get; init; }

    /// <summary>The partition key's columns; empty for one partition, the whole.</summary>
    public required IReadOnlyList<PartitionColumnSpec> PartitionBy { get; init; }

    /// <summary>Whether a keyset is given: keys outside of it are dropped before bounding, keys of it are always released.</summary>
    public bool PublicPartitions { get; init; }

    /// <summary>Whether keys outside of the keyset are one more partition instead of being dropped: the key of nulls alone, which the keyset then holds.</summary>
    public bool OtherKey { get; init; }

    /// <summary>
    /// Whether the keys that are given are left out before bounding instead of being public: a round of selection after those keys were shown. Then <see cref="PublicPartitions"/> is false.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool LeavesOutKeys { get; init; }

    /// <summary>Which keys of the keyset are released; null for all.</summary>
    public TopKSpec? TopK { get; init; }

    /// <summary>L0: partitions that one unit may contribute to; null when not bounded (then <see cref="MaxContributions"/> is set, or rows are units).</summary>
    public int? MaxPartitionsContributed { get; init; }

    /// <summary>L-infinity: rows of one unit in one partition that are kept; null when no aggregate samples rows.</summary>
    public int? MaxContributionsPerPartition { get; init; }

    /// <summary>L1: rows of one unit that are kept in all; null when not bounded.</summary>
    public int? MaxContributions { get; init; }

    /// <summary>Names of the value columns whose canonical bytes make the record of dp-math.md 2.3, in plan order, each once.</summary>
    public required IReadOnlyList<string> RecordColumns { get; init; }

    /// <summary>The mergeable sums kept per partition, besides the number of units, which is always kept.</summary>
    public required IReadOnlyList<AccumulatorSpec> Accumulators { get; init; }

    /// <summary>The mergeable multisets kept per partition, beside the sums. The number of items of the i-th takes the place of sum <see cref="Accumulators"/>.Count + i (distinct values; 0 for leaves).</summary>
    public IReadOnlyList<ItemSpec> Items { get; init; } = [];

    /// <summary>The trees of counts that quantiles are read off.</summary>
    public IReadOnlyList<TreeSpec> Trees { get; init; } = [];

    /// <summary>How partitions are selected; null when they are public.</summary>
    public SelectionSpec? Selection { get; init; }

    /// <summary>The released numbers, in output order.</summary>
    public required IReadOnlyList<NodeSpec> Nodes { get; init; }

    /// <summary>
    /// The histograms of a first pass, or null for a release. With them the bounding step puts each unit into their bins instead of accumulating its rows, <see cref="Accumulators"/> are the
    /// bins, and the release step sees one partition, the whole: <see cref="ForWhole"/>.
    /// </summary>
    public IReadOnlyList<ProfileSpec>? Profile { get; init; }

    /// <summary>Level of the confidence intervals as the shortest decimal (for example "0.95"), or null for none.</summary>
    public string? ConfidenceLevel { get; init; }

    /// <summary>Whether negative released values (and interval ends) are raised to zero after noise: the manifest's <c>post: [non_negative]</c>.</summary>
    public bool NonNegative { get; init; }

    /// <summary>What the release step of a first pass runs: its bins are the sums of one partition, the whole, whose key is empty.</summary>
    public StageSpec ForWhole() => this with { Profile = null, PartitionBy = [], PublicPartitions = false, OtherKey = false, LeavesOutKeys = false, TopK = null };

    /// <summary>The description as UTF-8 JSON; the same description gives the same bytes.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, StageSpecJson.Default.StageSpec);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="utf8">The bytes.</param>
    /// <exception cref="DpSparkException">The bytes are no such description (DPS9005), or of another version (DPS7005).</exception>
    public static StageSpec FromJson(ReadOnlySpan<byte> utf8)
    {
        StageSpec? spec;
        try
        {
            spec = JsonSerializer.Deserialize(utf8, StageSpecJson.Default.StageSpec);
        }
        catch (JsonException e)
        {
            throw new DpSparkException("DPS9005", ExitCodes.Bug, "The stage description cannot be read.", "It was damaged or written by another version.", ["Use the same version of DpSpark everywhere."], e);
        }

        if (spec is null || spec.Version != CurrentVersion)
        {
            throw new DpSparkException("DPS7005", ExitCodes.Environment, $"The stage description is not of version {CurrentVersion}.", "The program that planned the release and the one that runs it differ.", ["Use the same version of DpSpark everywhere."]);
        }

        return spec;
    }
}

/// <summary>Real value of one grid unit: 2^<see cref="BinaryExponent"/> · 10^-<see cref="DecimalScale"/>. Decimal columns have their own scale, floating-point columns a dyadic unit, integers 1.</summary>
/// <param name="BinaryExponent">Power of two; may be negative.</param>
/// <param name="DecimalScale">Digits after the decimal point, at least 0.</param>
public sealed record GridUnit(int BinaryExponent, int DecimalScale = 0)
{
    /// <summary>The unit 1.</summary>
    public static GridUnit One { get; } = new(0);

    /// <summary>The product of two units.</summary>
    /// <param name="other">The other unit.</param>
    public GridUnit Times(GridUnit other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new(BinaryExponent + other.BinaryExponent, DecimalScale + other.DecimalScale);
    }

    /// <summary>The unit times itself.</summary>
    public GridUnit Squared() => Times(this);

    /// <summary>The unit times 2^<paramref name="shift"/>.</summary>
    /// <param name="shift">Power of two.</param>
    public GridUnit ShiftedBy(int shift) => this with { BinaryExponent = BinaryExponent + shift };

    /// <summary>The nearest double to units · this unit (the last step of a release; post-processing).</summary>
    /// <param name="units">An integer number of units.</param>
    public double ToDouble(BigInteger units)
    {
        if (DecimalScale == 0)
        {
            return Math.ScaleB((double)units, BinaryExponent);
        }

        var denominator = BigInteger.Pow(10, DecimalScale);
        var numerator = units;
        if (BinaryExponent > 0)
        {
            numerator <<= BinaryExponent;
        }
        else
        {
            denominator <<= -BinaryExponent;
        }

        return RationalToDouble(numerator, denominator);
    }

    private static double RationalToDouble(BigInteger numerator, BigInteger denominator)
    {
        if (numerator.IsZero)
        {
            return 0;
        }

        // 64 quotient bits and a sticky bit, then one correctly rounded conversion: exact to the nearest double outside the subnormal range.
        var shift = 66 - (int)(BigInteger.Abs(numerator).GetBitLength() - denominator.GetBitLength());
        var scaled = shift >= 0 ? numerator << shift : numerator;
        var divisor = shift >= 0 ? denominator : denominator << -shift;
        var quotient = BigInteger.DivRem(scaled, divisor, out var remainder);
        quotient = (quotient << 1) + (remainder.IsZero ? 0 : quotient.Sign >= 0 ? 1 : -1);
        return Math.ScaleB((double)quotient, -shift - 1);
    }
}
