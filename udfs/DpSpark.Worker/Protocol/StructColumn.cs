using DpSpark.Arrow;
using DpSpark.Core;

namespace DpSpark.Worker.Protocol;

/// <summary>Spark sends the columns of a table as the children of one struct column, and wants its answer so too.</summary>
internal static class StructColumn
{
    /// <summary>The columns inside.</summary>
    public static Schema Inside(Schema outer) => outer.Fields is [{ Type.Kind: TypeKind.Struct, Dictionary: null } only]
        ? new Schema(only.Children)
        : throw new DpSparkException("DPS6405", ExitCodes.Environment, "Spark's rows are not one struct column.", null, ["Please report this."]);

    /// <summary>A batch of the columns inside, which owns the batch around it.</summary>
    public static RecordBatch Inside(Schema inner, RecordBatch outer)
    {
        var column = outer.Columns[0];
        if (column.NullCount == 0)
        {
            return new RecordBatch(inner, column.Children, outer.Length, outer.Dispose);
        }

        outer.Dispose();
        throw new DpSparkException("DPS6405", ExitCodes.Environment, "Spark sent a row that is null as a whole.", null, ["Please report this."]);
    }

    /// <summary>The schema of an answer.</summary>
    public static Schema Around(Schema inner) => new([new Field("_0", new ArrowType(TypeKind.Struct)) { Children = inner.Fields }]);

    /// <summary>The column of an answer.</summary>
    public static ArrowArray Around(RecordBatch batch) => ArrowArrays.Struct(batch.Length, batch.Columns);
}
