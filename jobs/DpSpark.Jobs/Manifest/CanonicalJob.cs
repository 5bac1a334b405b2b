using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;

namespace DpSpark.Jobs.Manifest;

/// <summary>The canonical text of a job: one <c>name=value</c> a line, texts quoted, numbers in their shortest form, keys by a hash of their canonical bytes.</summary>
internal static class CanonicalJob
{
    public static string Write(JobManifest job)
    {
        var request = job.Request;
        var text = new StringBuilder();
        Line(text, "canonical", "1");
        Line(text, "name", Quote(request.Name));
        Line(text, "source", job.Source.Kind.ToString(), List(job.Source.Paths.Select(Quote)));
        if (job.Source.Kind == FileKind.Csv)
        {
            Line(text, "csv", Flag(job.Source.Csv.Header), Quote(job.Source.Csv.Delimiter.ToString()), Quote(job.Source.Csv.Null));
        }

        // Without a header the columns are found by their order, with one by their names.
        var byOrder = job.Source is { Kind: FileKind.Csv, Csv.Header: false };
        IEnumerable<ColumnSpec> columns = byOrder ? request.Columns : request.Columns.OrderBy(c => c.Name, StringComparer.Ordinal);
        foreach (var column in columns)
        {
            Line(text, "column", Quote(column.Name), Quote(column.SourceName), column.Type.ToString(), Whole(column.Precision), Whole(column.Scale), Quote(column.Format), column.Nulls.ToString(), Quote(column.NullReplacement),
                column.NaN.ToString(), Quote(column.NaNReplacement), column.Infinity.ToString());
        }

        Line(text, "unit", List(request.Unit.IdColumns.Select(Quote)), Flag(request.Unit.NullIdIsOneUnit), Whole(request.Unit.MaxPartitionsContributed), Whole(request.Unit.MaxContributionsPerPartition), Whole(request.Unit.MaxContributions));
        if (request.Unit.AutoMaxPartitionsContributed is { } autoL0)
        {
            Line(text, "auto_partitions", Share(autoL0));
        }

        if (request.Unit.AutoMaxContributionsPerPartition is { } autoLInf)
        {
            Line(text, "auto_rows", Share(autoLInf));
        }

        foreach (var partition in request.PartitionBy)
        {
            Line(text, "partition", Quote(partition.Name), Quote(partition.Column), partition.Transform.ToString(), partition.KeyType.ToString(), Flag(partition.NullIsKey), List(partition.Edges));
        }

        if (request.Keyset is { } keyset)
        {
            Line(text, "keyset", Whole(keyset.Keys.Count), Hash(keyset), Quote(keyset.Source));
            if (keyset.HasOther)
            {
                Line(text, "keyset_other", "true");
            }
        }

        if (request.TopK is { } top)
        {
            Line(text, "top_k", Whole(top.K), Quote(top.By), Share(top.Budget));
        }

        if (request.Selection is { } selection)
        {
            Line(text, "selection", selection.Strategy?.ToString() ?? "Auto", Whole(selection.PreThreshold), Share(selection.Budget));
            if (selection.Strategy == Core.Stages.SelectionStrategy.Sips)
            {
                Line(text, "rounds", Whole(selection.Rounds));
            }
        }

        foreach (var aggregate in request.Aggregates)
        {
            Line(text, "aggregate", aggregate.Kind.ToString(), Quote(aggregate.Output), Quote(aggregate.Column), Number(aggregate.MinValue), Number(aggregate.MaxValue), Number(aggregate.MinSumPerPartition), Number(aggregate.MaxSumPerPartition),
                Share(aggregate.Budget));
            if (aggregate.Ranks is { } ranks)
            {
                Line(text, "ranks", List(ranks.Select(r => r.ToString())));
            }

            if (aggregate.MaxValues is { } values)
            {
                Line(text, "max_values", Whole(values));
            }

            if (aggregate.AutoBounds is { } auto)
            {
                Line(text, "auto", Quote(aggregate.Output), Flag(aggregate.AutoBoundsPerValue), Share(auto));
            }

            if (aggregate.Edges is { } edges)
            {
                Line(text, "edges", List(edges.Select(e => Number(e))));
            }

            if (aggregate.Columns is { } several)
            {
                Line(text, "columns", List(several.Select(Quote)), aggregate.Norm?.ToString() ?? string.Empty, Number(aggregate.MaxNorm), List((aggregate.MinValues ?? []).Select(v => Number(v))), List((aggregate.MaxValueList ?? []).Select(v => Number(v))));
            }
        }

        Line(text, "privacy", Number(request.Epsilon), Number(request.Delta), request.Noise.ToString(), request.Accountant.ToString(), request.Adjacency.ToString(), Number(request.Rho));
        if (request.FirstPassRules is { } rules)
        {
            Line(text, "first_pass", Whole(rules));
        }

        Line(text, "output", job.Output.Format.ToString(), Number(request.ConfidenceLevel), Flag(request.NonNegative));
        if (job.Output.Quality is { } quality)
        {
            Line(text, "quality", Quote(quality.LowWhen), Flag(quality.PerAggregate));
        }

        Line(text, "ledger", Quote(job.Ledger?.Dataset), Quote(job.Ledger?.Purpose));
        return text.ToString();
    }

    private static void Line(StringBuilder text, string name, params string[] values) => text.Append(name).Append('=').AppendJoin(' ', values).Append('\n');

    private static string Quote(string? text) => text is null ? "-" : "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal) + "\"";

    private static string List(IEnumerable<string> items) => "[" + string.Join(',', items) + "]";

    private static string Flag(bool flag) => flag ? "true" : "false";

    private static string Whole(int? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";

    private static string Number(ExactDecimal? number) => number?.ToString() ?? "-";

    private static string Share(BudgetShare share) => share.Epsilon is { } epsilon ? $"{epsilon}/{Number(share.Delta)}" : $"w{share.Weight}";

    private static string Hash(PublicKeys keyset)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[4];
        foreach (var key in keyset.Keys)
        {
            BinaryPrimitives.WriteInt32BigEndian(length, key.Length);
            hash.AppendData(length);
            hash.AppendData(key);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
