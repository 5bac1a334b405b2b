using DpSpark.Arrow;
using DpSpark.Connect.Plans;
using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Hosting;

namespace DpSpark.Jobs.Spark;

/// <summary>
/// Rows added up by Spark itself, in its generated code, before they are shuffled and travel to the worker: rows that are alike in every column of unit and partition become one, with integer sums.
/// </summary>
/// <remarks>
/// Only where no row is sampled (<see cref="StageSchemas.CanBePartial"/>). Alike means equal values in the source, which make equal keys whatever the contract reads from them; rows that differ
/// and make equal keys stay several, and the worker adds them up. So Spark needs no notion of our keys, and text is compared by its bytes, whatever a table's collation says.
/// </remarks>
internal sealed class SparkSums
{
    /// <summary>The setting of a run that asks for it. It pays where units have very many rows in a partition, which neither the job nor the source says, and costs much elsewhere.</summary>
    public const string Setting = "spark.dpspark.preaggregate";

    private readonly List<SparkColumn> _input = [];
    private readonly List<SparkColumn> _keys = [];
    private readonly List<SparkColumn> _sums = [];
    private SparkColumn? _kept;

    private SparkSums()
    {
    }

    /// <summary>Names of the columns of the result.</summary>
    public List<string> Columns { get; } = [];

    /// <summary>How the rows of a source can be added up, or null where they must travel one by one.</summary>
    /// <param name="spec">The release.</param>
    /// <param name="source">Its source's columns.</param>
    /// <param name="isText">Whether every column is text.</param>
    public static SparkSums? Of(StageSpec spec, Schema source, bool isText)
    {
        if (!StageSchemas.CanBePartial(spec) || !SparkPlan.UnitsAreTheirValues(spec, isText))
        {
            return null;
        }

        var sums = new SparkSums();
        foreach (var column in spec.Columns)
        {
            var type = source.Fields[source.IndexOf(column.SourceName)].Type;
            if (!(StageSchemas.IsKey(spec, column) ? sums.AddKey(column, type) : sums.AddPolicy(column, type, isText)))
            {
                return null;
            }
        }

        for (var i = 0; i < spec.Accumulators.Count; i++)
        {
            if (!sums.AddSum(spec, i, source))
            {
                return null;
            }
        }

        return sums;
    }

    /// <summary>The rows, added up: in each slice first, then across them.</summary>
    /// <param name="rows">The source's rows.</param>
    public SparkRelation Of(SparkRelation rows) => (_kept is { } kept ? rows.Where(kept) : rows).Select(_input).GroupBy(_keys, _sums);

    private bool AddKey(ColumnSpec column, ArrowType type)
    {
        if (!Columns.Contains(column.SourceName))
        {
            var named = SparkColumn.Named(column.SourceName);
            _input.Add(type.Kind == TypeKind.Utf8 ? named.Cast(new SparkType(SparkTypeKind.Binary)).As(column.SourceName) : named);
            _keys.Add(named);
            Columns.Add(column.SourceName);
        }

        // The sums' own names.
        return !column.SourceName.StartsWith("dp_", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>What the contract says of a column that is no key: rows without a value are left out here, where a value is there or not and cannot be unreadable.</summary>
    private bool AddPolicy(ColumnSpec column, ArrowType type, bool isText)
    {
        var isReadable = (column.Type, type.Kind, type.BitWidth) switch
        {
            _ when isText => false,
            (ColumnType.String, TypeKind.Utf8, _) => true,
            (ColumnType.Long, TypeKind.Int, _) or (ColumnType.Int, TypeKind.Int, <= 32) => type.IsSigned,
            _ => false,
        };
        if (!isReadable || column.Nulls != ValuePolicy.Drop)
        {
            return false;
        }

        var isThere = SparkColumn.Call("isnotnull", SparkColumn.Named(column.SourceName));
        _kept = _kept is null ? isThere : SparkColumn.Call("and", _kept, isThere);
        return true;
    }

    private bool AddSum(StageSpec spec, int number, Schema source)
    {
        var accumulator = spec.Accumulators[number];
        var name = StageSchemas.PartialSum(number);
        Columns.Add(name);
        if (accumulator.Kind == AccumulatorKind.Count)
        {
            _sums.Add(SparkColumn.Call("count", SparkColumn.Literal(1)).As(name));
            return true;
        }

        // Whole numbers of at most 32 bits, each a number of grid units: no sum of them leaves 64 bits.
        var column = spec.Columns.First(c => c.Name == accumulator.Column);
        var isSmall = source.Fields[source.IndexOf(column.SourceName)].Type is { Kind: TypeKind.Int, IsSigned: true, BitWidth: <= 32 };
        if (!isSmall || accumulator.Kind != AccumulatorKind.PartitionSum || accumulator.Grid != GridUnit.One || column.Nulls != ValuePolicy.Drop || column.Type is not (ColumnType.Int or ColumnType.Long))
        {
            return false;
        }

        _input.Add(SparkColumn.Named(column.SourceName).Cast(new SparkType(SparkTypeKind.Long)).As(name));
        _sums.Add(SparkColumn.Call("sum", SparkColumn.Named(name)).As(name));
        return true;
    }
}
