using DpSpark.Core.Stages;
using DpSpark.Jobs.Diagnostics;

namespace DpSpark.Jobs.Manifest.Keysets;

/// <content>The forms that list keys.</content>
internal sealed partial class KeysetReader
{
    private const long MicrosecondsPerHour = 3_600_000_000;
    private const long MicrosecondsPerDay = 24 * MicrosecondsPerHour;

    private KeysetForm? ReadValues(ManifestValue value)
    {
        if (value.Entries("columns, each with a list of values") is not { } entries)
        {
            return Fail();
        }

        var columns = new List<KeyValues>();
        foreach (var (name, entry) in entries)
        {
            if (entry.Items("a list of values", single: true) is not { } items)
            {
                return Fail();
            }

            var column = Take(name, entry);
            var texts = new List<string?>(items.Count);
            var rows = new List<object?[]>(items.Count);
            var seen = new HashSet<object>();
            foreach (var item in items)
            {
                var text = item.TextOrNull(out var fault);
                if (fault || (column is not null && !AddValue(column, text, item, rows, seen)))
                {
                    Fail();
                }

                texts.Add(text);
            }

            columns.Add(new KeyValues(name, texts));
            if (column is not null)
            {
                _factors.Add(new KeyFactor([column], rows.Count, () => rows));
            }
        }

        return entries.Count == 0 ? Empty(value) : new ValuesKeyset(columns);
    }

    private static bool AddValue(KeyColumn column, string? text, ManifestValue item, List<object?[]> rows, HashSet<object> seen)
    {
        if (column.Read(text, out var key) is { } why)
        {
            item.Error(DiagnosticCatalog.KeysetValue, $"`{Printable.Text(text ?? "null")}` is not a key of `{Printable.Text(column.Spec.Name)}`.", why + ".", "correct the value");
            return false;
        }

        if (!seen.Add(key ?? DBNull.Value))
        {
            item.Error(DiagnosticCatalog.DuplicateName, $"key `{Printable.Text(text ?? "null")}` of `{Printable.Text(column.Spec.Name)}` is given twice.", "each key is released once.", "remove one of them");
            return false;
        }

        rows.Add([key]);
        return true;
    }

    private KeysetForm? ReadRows(ManifestValue value)
    {
        if (value.Items("a list of keys, each a map of columns") is not { } items)
        {
            return Fail();
        }

        List<string>? names = null;
        List<KeyColumn?> columns = [];
        var texts = new List<IReadOnlyList<string?>>();
        var rows = new List<object?[]>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in items)
        {
            if (item.Entries("a value for each column, e.g. `{ weekday: 1 }`") is not { } entries)
            {
                Fail();
                continue;
            }

            if (names is null)
            {
                names = [.. entries.Select(e => e.Key)];
                columns = [.. entries.Select(e => Take(e.Key, e.Value))];
            }

            if (entries.Count != names.Count || !entries.All(e => names.Contains(e.Key)))
            {
                item.Error(DiagnosticCatalog.KeysetColumns, "this key has other columns than the first one.", "all keys of `rows` have the same columns.", $"give {string.Join(", ", names.Select(n => $"`{Printable.Text(n)}`"))}");
                Fail();
                continue;
            }

            var row = new string?[names.Count];
            var keys = new object?[names.Count];
            foreach (var (name, entry) in entries)
            {
                var i = names.IndexOf(name);
                row[i] = entry.TextOrNull(out var fault);
                if (!fault && columns[i]?.Read(row[i], out keys[i]) is { } why)
                {
                    entry.Error(DiagnosticCatalog.KeysetValue, $"`{Printable.Text(row[i] ?? "null")}` is not a key of `{Printable.Text(name)}`.", why + ".", "correct the value");
                    fault = true;
                }

                _sound &= !fault;
            }

            if (!seen.Add(string.Join('\0', keys.Select(k => k is null ? "n" : "v" + Convert.ToString(k, System.Globalization.CultureInfo.InvariantCulture)))) && _sound && columns.All(c => c is not null))
            {
                item.Error(DiagnosticCatalog.DuplicateName, "this key is given twice.", "each key is released once.", "remove one of them");
                Fail();
            }

            texts.Add(row);
            rows.Add(keys);
        }

        if (names is null)
        {
            return items.Count == 0 ? Empty(value) : Fail();
        }

        if (columns.All(c => c is not null))
        {
            _factors.Add(new KeyFactor([.. columns.Select(c => c!)], rows.Count, () => rows));
        }

        return new RowsKeyset(names, texts);
    }

    private KeysetForm? ReadRange(ManifestValue value)
    {
        if (ReadEnds(value, null) is not { } ends)
        {
            return Fail();
        }

        foreach (var (range, at, column) in ends)
        {
            if (column is null)
            {
                continue;
            }

            if (column.Spec.KeyType is not (ColumnType.Long or ColumnType.Double))
            {
                at.Error(DiagnosticCatalog.KeysetValue, $"`range` is for whole numbers; `{Printable.Text(column.Spec.Name)}` is a {Types.Word(column.Spec.KeyType)}.", null,
                    column.Spec.KeyType is ColumnType.Date or ColumnType.Timestamp ? "use `dates`" : "use `values`");
                Fail();
                continue;
            }

            if (ReadPair(range, column, at) is not var (first, last))
            {
                continue;
            }

            if (column.LowerEdges.Count > 0)
            {
                var (from, to) = (column.EdgeIndex(first), column.EdgeIndex(last));
                _factors.Add(new KeyFactor([column], to - from + 1, () => [.. column.LowerEdges.Skip(from).Take(to - from + 1).Select(e => new object?[] { e })]));
                continue;
            }

            var (low, high) = ((long)first, (long)last);
            var count = (Int128)high - low + 1;
            _factors.Add(new KeyFactor([column], (long)Int128.Min(count, long.MaxValue), () => Steps((long)count, i => low + i)));
        }

        return new RangeKeyset([.. ends.Select(e => e.Range)]);
    }

    private KeysetForm? ReadDates(ManifestValue value)
    {
        var stepValue = value.Node is Yaml.YamlMap map && map.Find("step") is { } entry ? new ManifestValue(Scope, entry.Value, entry.Key, value.Path + ".step") : null;
        var word = stepValue?.Word(["day", "hour", "month"]);
        if (ReadEnds(value, "step") is not { } ends || (stepValue is not null && word is null))
        {
            return Fail();
        }

        DateStep? written = word switch { "day" => DateStep.Day, "hour" => DateStep.Hour, "month" => DateStep.Month, _ => null };
        foreach (var (range, at, column) in ends)
        {
            if (column is null)
            {
                continue;
            }

            var name = Printable.Text(column.Spec.Name);
            var step = written ?? column.OwnStep ?? DateStep.Day;
            if (column.Spec.KeyType is not (ColumnType.Date or ColumnType.Timestamp) || (step == DateStep.Hour && column.Spec.KeyType == ColumnType.Date))
            {
                at.Error(DiagnosticCatalog.KeysetValue, $"`dates`{(step == DateStep.Hour ? " in hours" : "")} does not fit `{name}`, whose keys are of type {Types.Word(column.Spec.KeyType)}.", null,
                    column.Spec.KeyType == ColumnType.Date ? "write `step: day`" : "use `values` or `range`");
                Fail();
                continue;
            }

            if (column.OwnStep is { } own && own != step)
            {
                at.Error(DiagnosticCatalog.KeysetValue, $"`{name}` is cut to the {Word(own)}, the step is a {Word(step)}.", "keys between would never meet a row, or rows would be left out unseen.", $"write `step: {Word(own)}`");
                Fail();
                continue;
            }

            if (ReadPair(range, column, at) is var (first, last))
            {
                AddDates(column, first, last, step, at);
            }
        }

        return new DatesKeyset([.. ends.Select(e => e.Range)], written);
    }

    private void AddDates(KeyColumn column, object first, object last, DateStep step, ManifestValue at)
    {
        var isDate = column.Spec.KeyType == ColumnType.Date;
        var start = isDate ? (int)first * MicrosecondsPerDay : (long)first;
        var end = isDate ? (int)last * MicrosecondsPerDay : (long)last;
        if (step == DateStep.Month)
        {
            var (from, to) = (MonthOf(start), MonthOf(end));
            if (from is not { } firstMonth || to is not { } lastMonth)
            {
                Misfit("steps of a month start and end on the first day of a month");
                return;
            }

            _factors.Add(new KeyFactor([column], lastMonth - firstMonth + 1, () => Steps(lastMonth - firstMonth + 1, i =>
            {
                var days = KeyText.ToDays(new DateOnly((int)((firstMonth + i) / 12), (int)((firstMonth + i) % 12) + 1, 1));
                return isDate ? days : (object)(days * MicrosecondsPerDay);
            })));
            return;
        }

        var size = step == DateStep.Hour ? MicrosecondsPerHour : MicrosecondsPerDay;
        if ((end - start) % size != 0)
        {
            Misfit($"the last key is not a whole number of {Word(step)}s after the first");
            return;
        }

        _factors.Add(new KeyFactor([column], ((end - start) / size) + 1, () => Steps(((end - start) / size) + 1, i => isDate ? (object)(int)((start + (i * size)) / MicrosecondsPerDay) : start + (i * size))));

        void Misfit(string what)
        {
            at.Error(DiagnosticCatalog.KeysetValue, $"{what}.", "both ends of `dates` are keys.", "correct the ends", "another `step`");
            Fail();
        }

        static long? MonthOf(long microseconds)
        {
            var time = DateTime.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);
            return time.Day == 1 && time.TimeOfDay == TimeSpan.Zero ? (time.Year * 12L) + time.Month - 1 : null;
        }
    }

    private List<(KeyRange Range, ManifestValue At, KeyColumn? Column)>? ReadEnds(ManifestValue value, string? reserved)
    {
        if (value.Entries("columns, each `[first, last]`") is not { } entries)
        {
            return null;
        }

        var ends = new List<(KeyRange, ManifestValue, KeyColumn?)>();
        foreach (var (name, entry) in entries)
        {
            if (name == reserved)
            {
                continue;
            }

            var column = Take(name, entry);
            if (entry.Items("`[first, last]`") is not { } items)
            {
                return null;
            }

            if (items.Count != 2)
            {
                entry.Error(DiagnosticCatalog.WrongType, $"`{Printable.Text(entry.Path)}` has {items.Count} values; it takes `[first, last]`.", "both ends are included.", "write e.g. `[0, 23]`");
                return null;
            }

            if (items[0].Text("the first key", "0") is not { } first || items[1].Text("the last key", "23") is not { } last)
            {
                return null;
            }

            ends.Add((new KeyRange(name, first, last), entry, column));
        }

        return ends.Count == 0 && Empty(value) is null ? null : ends;
    }

    private (object First, object Last)? ReadPair(KeyRange range, KeyColumn column, ManifestValue at)
    {
        var values = new object[2];
        for (var i = 0; i < 2; i++)
        {
            var text = i == 0 ? range.First : range.Last;
            if (column.Read(text, out var value) is { } why)
            {
                at.Error(DiagnosticCatalog.KeysetValue, $"`{Printable.Text(text)}` is not a key of `{Printable.Text(range.Column)}`.", why + ".", "correct the value");
                Fail();
                return null;
            }

            values[i] = value!;
        }

        if (KeyColumn.Compare(values[0], values[1]) <= 0)
        {
            return (values[0], values[1]);
        }

        at.Error(DiagnosticCatalog.BoundsReversed, $"`{Printable.Text(range.Last)}` comes before `{Printable.Text(range.First)}`.", "a range goes from its first key to its last.", "swap them");
        Fail();
        return null;
    }

    private KeysetForm? Empty(ManifestValue value)
    {
        value.Error(DiagnosticCatalog.MissingKey, $"`{Printable.Text(value.Path)}` is empty.", "a keyset has keys.", "list the keys", "`partition_by: []` for one partition, the whole");
        return Fail();
    }

    private static List<object?[]> Steps(long count, Func<long, object> valueAt)
    {
        var rows = new List<object?[]>((int)count);
        for (long i = 0; i < count; i++)
        {
            rows.Add([valueAt(i)]);
        }

        return rows;
    }

    private static string Word(DateStep step) => step.ToString().ToLowerInvariant();
}
