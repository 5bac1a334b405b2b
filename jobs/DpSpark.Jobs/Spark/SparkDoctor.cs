using System.Globalization;
using System.Text.RegularExpressions;
using DpSpark.Arrow;
using DpSpark.Connect.Plans;
using DpSpark.Core;

namespace DpSpark.Jobs.Spark;

/// <summary>Looks at a Spark Connect server as a run would use it, one step at a time. The steps build on each other and are called in their order; none of them reads data or touches a ledger.</summary>
public sealed partial class SparkDoctor : IDisposable
{
    /// <summary>Every type of the contract, with nulls, ends of ranges and odd values. One slice, so that the order is kept.</summary>
    private const string EveryType =
        """
        SELECT if(id % 5 = 0, NULL, concat('t', id, 'ß', if(id % 7 = 0, '', repeat('x', CAST(id AS INT))))) AS string_,
          if(id % 5 = 1, NULL, id % 3 = 0) AS bool_,
          if(id % 5 = 2, NULL, CAST(if(id % 2 = 0, 2147483647 - id, -2147483648 + id) AS INT)) AS int_,
          if(id % 5 = 3, NULL, if(id % 2 = 0, 9223372036854775807 - id, -9223372036854775807 + id)) AS long_,
          if(id % 5 = 4, NULL, CAST(CASE id % 7 WHEN 0 THEN 'NaN' WHEN 1 THEN '-Infinity' WHEN 2 THEN '-0.0' ELSE id / 3 END AS FLOAT)) AS float_,
          if(id % 5 = 0, NULL, CAST(CASE id % 7 WHEN 0 THEN 'NaN' WHEN 1 THEN 'Infinity' WHEN 2 THEN '-0.0' ELSE id / 7 END AS DOUBLE)) AS double_,
          if(id % 5 = 1, NULL, CAST(id - 500 AS DECIMAL(38,10)) / CAST(8 AS DECIMAL(2,0))) AS decimal_,
          if(id % 5 = 2, NULL, date_add(DATE'1969-12-01', CAST(id AS INT))) AS date_,
          if(id % 5 = 3, NULL, timestamp_micros((id - 500) * 1000003)) AS timestamp_,
          if(id % 5 = 4, NULL, CAST(concat('b', repeat('é', CAST(id % 9 AS INT))) AS BINARY)) AS binary_
        FROM range(0, 1000, 1, 1)
        """;

    private readonly SparkConnection _connection;

    /// <summary>Names of the columns that make the round trip: the words of the contract's types and a low line.</summary>
    internal static IEnumerable<string> ColumnsOfEveryType => Alias().Matches(EveryType).Select(m => m.Groups[1].Value);

    /// <summary>Prepares to look; connects to nothing yet.</summary>
    /// <param name="settings">The server, and the worker if one is named.</param>
    /// <exception cref="DpSparkException">The connection string cannot be read (DPS2096).</exception>
    public SparkDoctor(SparkSettings settings) => _connection = new SparkConnection(settings);

    /// <summary>Whether releases run on a version of Spark: 4.0 to 4.3.</summary>
    /// <param name="version">Such as <c>4.3.0</c>; builds may add words after a hyphen.</param>
    public static bool IsSupported(string version) => SparkConnection.IsSupported(version);

    /// <summary>Finds the server and its version.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What was found.</returns>
    /// <exception cref="DpSparkException">It cannot be reached (DPS6001, DPS6003, DPS6008), or its version is not supported (DPS6007).</exception>
    public string Server(CancellationToken cancellationToken)
    {
        Blocking.Run(() => _connection.HelloAsync(cancellationToken));
        return $"{_connection.Endpoint}, Spark {_connection.Version}, supported (4.0 to 4.3)";
    }

    /// <summary>Chooses the worker, makes the session's settings and sends the worker where it is to be sent.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Which way it goes, and why.</returns>
    /// <exception cref="DpSparkException">There is no worker (DPS6004), or the server refuses the settings.</exception>
    public string Worker(CancellationToken cancellationToken)
    {
        Blocking.Run(async () =>
        {
            await _connection.ChooseWorkerAsync(cancellationToken).ConfigureAwait(false);
            await _connection.SettleAsync(cancellationToken).ConfigureAwait(false);
        });
        var worker = _connection.Worker!;
        var way = worker switch
        {
            { Shipping: WorkerShipping.Artifact } => "sent with the session",
            { Path: ['/', ..] } => "an absolute path on the executors",
            _ => "from an archive given to Spark",
        };
        return $"{way}: {worker.Path} ({worker.Reason})";
    }

    /// <summary>Lets the worker answer once on an executor.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many tasks Spark runs at once.</returns>
    /// <exception cref="DpSparkException">It cannot be started there (DPS6004) or does not answer.</exception>
    public string Probe(CancellationToken cancellationToken)
    {
        var tasks = Blocking.Run(() => _connection.ProbeAsync(cancellationToken));
        return string.Create(CultureInfo.InvariantCulture, $"the worker answered from an executor; {tasks} {(tasks == 1 ? "task" : "tasks")} at once");
    }

    /// <summary>Sends every type of the contract from Spark through the worker and back.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What was compared.</returns>
    /// <exception cref="DpSparkException">Something came back other than it was (DPS6015).</exception>
    public string RoundTrip(CancellationToken cancellationToken)
    {
        var rows = SparkRelation.Sql(EveryType);
        var (fields, sent) = Collect(rows, cancellationToken);
        try
        {
            var (_, back) = Collect(rows.MapPartitions(SparkConnection.Echo([.. fields.Select(f => SparkTypes.FromArrow(f) with { Nullable = true })]), [.. fields.Select(f => f.Name)]), cancellationToken);
            try
            {
                if (FirstDifference(fields, sent, back) is { } type)
                {
                    throw new DpSparkException("DPS6015", ExitCodes.Environment, $"values of type {type} came back from the worker other than Spark sent them.", "A release on this server could be of other values than those of the source.",
                        ["check that the worker is of the same version as dpspark (leave --worker away)", "report it with the version of Spark"]);
                }
            }
            finally
            {
                back.ForEach(b => b.Dispose());
            }

            return string.Create(CultureInfo.InvariantCulture, $"{sent.Sum(b => b.Length)} rows of all {fields.Count} types came back as they were");
        }
        finally
        {
            sent.ForEach(b => b.Dispose());
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    private (IReadOnlyList<Field> Fields, List<RecordBatch> Batches) Collect(SparkRelation relation, CancellationToken cancellationToken) => Blocking.Run(async () =>
    {
        List<RecordBatch> batches = [];
        await foreach (var batch in _connection.Session.CollectAsync(relation, cancellation: cancellationToken).ConfigureAwait(false))
        {
            batches.Add(batch);
        }

        return (batches[0].Schema.Fields, batches);
    });

    /// <summary>The first type with a difference, or null. Batches may be cut differently.</summary>
    internal static string? FirstDifference(IReadOnlyList<Field> fields, List<RecordBatch> sent, List<RecordBatch> back)
    {
        for (var column = 0; column < fields.Count; column++)
        {
            if (back[0].Columns.Count != fields.Count || !Values(sent, column).SequenceEqual(Values(back, column)))
            {
                return fields[column].Name.TrimEnd('_');
            }
        }

        return null;
    }

    private static IEnumerable<string?> Values(List<RecordBatch> batches, int column) =>
        batches.SelectMany(b => Enumerable.Range(0, b.Length).Select(row => Bits(b.Columns[column], row)));

    private static string? Bits(ArrowArray array, int row) => array.IsNull(row) ? null : array.Type.Kind switch
    {
        TypeKind.Bool => array.BoolAt(row) ? "1" : "0",
        TypeKind.Utf8 or TypeKind.LargeUtf8 or TypeKind.Binary or TypeKind.LargeBinary => Convert.ToHexString(array.BytesAt(row)),
        _ => Convert.ToHexString(array.Values.Span.Slice(row * array.Type.FixedWidth, array.Type.FixedWidth)),
    };

    [GeneratedRegex(@"AS ([a-z]+_)\b")]
    private static partial Regex Alias();
}
