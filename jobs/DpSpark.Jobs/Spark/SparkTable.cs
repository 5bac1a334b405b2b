using DpSpark.Connect;
using DpSpark.Connect.Plans;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Running;
using DpSpark.Jobs.Sources;

namespace DpSpark.Jobs.Spark;

/// <summary>What a table of the catalog says of itself.</summary>
internal static class SparkTable
{
    /// <summary>One of its properties; null where it does not have it.</summary>
    /// <param name="session">The session.</param>
    /// <param name="table">The table.</param>
    /// <param name="property">Name of the property.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    public static string? PropertyOf(ConnectSession session, TableName table, string property, CancellationToken cancellationToken) => Blocking.Run(async () =>
    {
        string? value = null;
        await foreach (var batch in session.CollectAsync(SparkRelation.Sql("SHOW TBLPROPERTIES " + table.Quoted), cancellation: cancellationToken).ConfigureAwait(false))
        {
            using (batch)
            {
                for (var row = 0; row < batch.Length; row++)
                {
                    value = KeysetFileReader.TextOf(batch.Columns[0], row) == property ? KeysetFileReader.TextOf(batch.Columns[1], row) : value;
                }
            }
        }

        return value;
    });
}
