using System.Numerics;
using DpSpark.Core;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Diagnostics;
using DpSpark.Jobs.Manifest.Yaml;

namespace DpSpark.Jobs.Manifest.Keysets;

/// <summary>Reads <c>keyset</c> and makes its keys.</summary>
internal sealed partial class KeysetReader
{
    private static readonly string[] s_forms = ["values", "rows", "range", "dates", "file", "cross"];

    private readonly SectionReader _section;
    private readonly string _folder;
    private readonly List<KeyColumn>? _columns;
    private readonly Dictionary<int, string> _givenBy = [];
    private readonly List<KeyFactor> _factors = [];
    private readonly List<(FileKeyset File, ManifestValue At)> _files = [];
    private bool _sound = true;

    /// <param name="section">The section.</param>
    /// <param name="columns">The partition columns; null when they are faulty, then only the form is checked.</param>
    /// <param name="folder">Folder of relative paths.</param>
    public KeysetReader(SectionReader section, IReadOnlyList<PartitionColumnSpec>? columns, string folder)
    {
        _section = section;
        _folder = folder;
        _columns = columns?.Select((c, i) => new KeyColumn(c, i)).ToList();
    }

    private ManifestScope Scope => _section.Scope;

    /// <returns>The keyset as written and its keys; null after a fault.</returns>
    public (KeysetForm Form, PublicKeys Keys)? Read()
    {
        var sourceValue = _section.Get("source");
        var source = sourceValue?.Text("a text", "public calendar");
        if (sourceValue is null && !_section.HasUnknown)
        {
            _section.Error(DiagnosticCatalog.KeysetSource, "`keyset` needs `source`.", "keys taken from the private data would tell who is in it; the report prints why these are public.", "add `source: <why these keys are public>`, e.g. `source: calendar`");
        }
        else if (source is not null && source.Trim().Length == 0)
        {
            sourceValue!.Error(DiagnosticCatalog.KeysetSource, "`keyset.source` is empty.", "the report prints why these keys are public.", "say where the keys come from");
            source = null;
        }

        var other = _section.Get("other")?.Flag() == true;
        var form = ReadForm(_section);
        AddFiles();
        if (form is null || source is null || !_sound || Scope.HasErrors || _columns is null || !CheckColumns())
        {
            return null;
        }

        if (Make() is not { } keys)
        {
            return null;
        }

        if (!other)
        {
            return (form, new PublicKeys(keys, source));
        }

        var gathered = ProjectStage.NullKey(_columns.Count);
        if (_columns.Count == 0 || keys.Any(k => k.AsSpan().SequenceEqual(gathered)))
        {
            _section.Get("other")!.Error(DiagnosticCatalog.Exclusive, "`other: true` needs the key of nulls alone, and the keyset has it already.", "rows of all other keys are released under it.", "remove the null key", "remove `other`");
            return null;
        }

        return (form, new PublicKeys([gathered, .. keys], source) { HasOther = true });
    }

    private KeysetForm? ReadForm(SectionReader section)
    {
        var present = section.Present(s_forms);
        if (present.Count == 0)
        {
            if (!section.HasLater && !section.HasUnknown)
            {
                section.Error(DiagnosticCatalog.MissingKey, $"`{section.Path}` has no keys.", null, $"add one of {string.Join(", ", s_forms)}");
            }

            return Fail();
        }

        if (present.Count > 1)
        {
            section.Get(present[1])!.Error(DiagnosticCatalog.Exclusive, $"`{section.Path}` has `{present[0]}` and `{present[1]}`; it takes one of them.", null, $"combine them: `cross: [ {{ {present[0]}: … }}, {{ {present[1]}: … }} ]`");
            return Fail();
        }

        var value = section.Get(present[0])!;
        return present[0] switch
        {
            "values" => ReadValues(value),
            "rows" => ReadRows(value),
            "range" => ReadRange(value),
            "dates" => ReadDates(value),
            "file" => ReadFile(value),
            _ => ReadCross(value),
        };
    }

    private KeysetForm? ReadCross(ManifestValue value)
    {
        if (value.Items("a list of keysets") is not { } items)
        {
            return Fail();
        }

        if (items.Count == 0)
        {
            value.Error(DiagnosticCatalog.MissingKey, "`cross` has no parts.", null, "add e.g. `{ range: { hour: [0, 23] } }`");
            return Fail();
        }

        var parts = new List<KeysetForm>();
        foreach (var item in items)
        {
            if (item.Section(ManifestKeys.KeysetPart) is { } part && ReadForm(part) is { } form)
            {
                parts.Add(form);
            }
            else
            {
                Fail();
            }
        }

        return parts.Count == items.Count ? new CrossKeyset(parts) : null;
    }

    private KeysetForm? ReadFile(ManifestValue value)
    {
        if (value.Section(ManifestKeys.KeysetFile) is not { } section || SourceSection.ReadFiles(section) is not { } files)
        {
            return Fail();
        }

        if (files.Paths.Count > 1)
        {
            value.Error(DiagnosticCatalog.KeysetFile, "a keyset is one file.", null, "name one file");
            return Fail();
        }

        var form = new FileKeyset(files.Kind, files.Paths[0], files.Csv);
        _files.Add((form, value));
        return form;
    }

    /// <summary>Reads keyset files last: they give the columns that nothing else gives.</summary>
    private void AddFiles()
    {
        foreach (var (file, at) in _files)
        {
            if (_columns is null)
            {
                continue;
            }

            if (Scope.Options.KeysetFiles is not { } reader)
            {
                at.Error(DiagnosticCatalog.KeysetFile, "keyset files cannot be read here.", "this program was started without a reader of files.", "list the keys with `values` or `rows`");
                Fail();
                continue;
            }

            try
            {
                var absolute = file with { Path = file.Path.Contains("://", StringComparison.Ordinal) ? file.Path : Path.GetFullPath(file.Path, _folder) };
                var names = reader.ReadColumns(absolute);
                var columns = _columns.Where(c => !_givenBy.ContainsKey(c.Index) && names.Contains(c.Spec.Name)).ToList();
                if (columns.Count == 0 && _columns.Count > 0)
                {
                    at.Error(DiagnosticCatalog.KeysetColumns, $"`{Printable.Text(file.Path)}` has none of the partition's columns that are still open.", "columns of the file are found by name.", "rename the columns of the file, or use `as` in `partition_by`");
                    Fail();
                    continue;
                }

                AddFileRows(reader.ReadRows(absolute, [.. columns.Select(c => c.Spec.Name)]), columns, file, at);
            }
            catch (DpSparkException fault)
            {
                Scope.Report(Diagnostic.FromException(fault, null, at.At.Line, at.At.Column) with { Path = at.Path });
                Fail();
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                at.Error(DiagnosticCatalog.KeysetFile, $"`{Printable.Text(file.Path)}` cannot be read.", "keys are read when the job is planned.", "check that the file is there and may be read");
                Fail();
            }
        }
    }

    private void AddFileRows(IEnumerable<IReadOnlyList<string?>> source, List<KeyColumn> columns, FileKeyset file, ManifestValue at)
    {
        var rows = new List<object?[]>();
        foreach (var texts in source)
        {
            if (rows.Count >= Scope.Options.MaxKeys)
            {
                ReportTooMany(rows.Count + 1, at);
                return;
            }

            var row = new object?[columns.Count];
            for (var i = 0; i < row.Length; i++)
            {
                if (columns[i].Read(texts[i], out row[i]) is { } why)
                {
                    at.Error(DiagnosticCatalog.KeysetValue, $"row {rows.Count + 1} of `{Printable.Text(file.Path)}` is not a key: {why}.", null, "correct the file");
                    Fail();
                    return;
                }
            }

            rows.Add(row);
        }

        foreach (var column in columns)
        {
            _givenBy[column.Index] = at.Path;
        }

        _factors.Add(new KeyFactor(columns, rows.Count, () => rows, Distinct: false));
    }

    private bool CheckColumns()
    {
        var missing = _columns!.Where(c => !_givenBy.ContainsKey(c.Index)).Select(c => $"`{Printable.Text(c.Spec.Name)}`").ToList();
        if (missing.Count == 0)
        {
            return true;
        }

        _section.Error(DiagnosticCatalog.KeysetColumns, $"the keyset has no values for {string.Join(", ", missing)}.", "its keys have all columns of `partition_by`.", "add them, with `cross` where another form fits");
        return false;
    }

    /// <summary>The column of a name, taken by this form; null after a fault or when the partition columns are not known.</summary>
    private KeyColumn? Take(string name, ManifestValue at)
    {
        if (_columns is null)
        {
            return null;
        }

        var column = _columns.Find(c => c.Spec.Name == name);
        if (column is null)
        {
            var meant = Suggestions.For(name, [.. _columns.Select(c => c.Spec.Name)]);
            at.Error(DiagnosticCatalog.KeysetColumns, $"`{Printable.Text(name)}` is not a column of `partition_by`.{(meant is null ? "" : $" Did you mean `{Printable.Text(meant)}`?")}", "a keyset's keys have exactly the columns of `partition_by`.",
                meant is null ? "remove it, or add it to `partition_by`" : $"write `{Printable.Text(meant)}`");
            Fail();
            return null;
        }

        if (!_givenBy.TryAdd(column.Index, at.Path))
        {
            at.Error(DiagnosticCatalog.DuplicateName, $"the keyset gives `{Printable.Text(name)}` twice.", "its parts have different columns.", "remove one of them");
            Fail();
            return null;
        }

        return column;
    }

    private IReadOnlyList<byte[]>? Make()
    {
        var count = _factors.Aggregate(BigInteger.One, (product, factor) => product * factor.Count);
        if (count > Scope.Options.MaxKeys)
        {
            ReportTooMany(count, null);
            return null;
        }

        var codec = new PartitionKeyCodec([.. _columns!.Select(c => c.Spec)]);
        var sortable = _factors.All(f => f.Columns.Count == 1);
        var factors = sortable ? _factors.OrderBy(f => f.Columns[0].Index).ToList() : _factors;
        var rows = factors.Select(f => f.Rows()).ToList();
        if (sortable)
        {
            // Sorted columns, combined with the last one fastest, are keys in release order.
            rows.ForEach(r => r.Sort((a, b) => KeyColumn.Compare(a[0], b[0])));
        }

        var keys = new List<byte[]>((int)count);
        var at = new int[factors.Count];
        var key = new object?[_columns!.Count];
        for (var n = BigInteger.Zero; n < count; n++)
        {
            for (var f = 0; f < factors.Count; f++)
            {
                for (var c = 0; c < factors[f].Columns.Count; c++)
                {
                    key[factors[f].Columns[c].Index] = rows[f][at[f]][c];
                }
            }

            keys.Add(codec.Encode(key));
            for (var f = factors.Count - 1; f >= 0 && ++at[f] == rows[f].Count; f--)
            {
                at[f] = 0;
            }
        }

        if (!sortable)
        {
            keys.Sort((a, b) => codec.Compare(a, b));
        }

        return factors.All(f => f.Distinct) ? keys : [.. keys.Where((k, i) => i == 0 || !k.AsSpan().SequenceEqual(keys[i - 1]))];
    }

    private void ReportTooMany(BigInteger count, ManifestValue? at)
    {
        var message = $"the keyset has {(count > 1_000_000_000_000 ? "more than 10^12" : count.ToString(System.Globalization.CultureInfo.InvariantCulture))} keys; at most {Scope.Options.MaxKeys} are possible.";
        const string Why = "every key is released, with rows or without; most of these would be pure noise.";
        Scope.Error(DiagnosticCatalog.KeysetTooLarge, at?.Path ?? _section.Path, at?.At ?? _section.At, message, Why, "use fewer or coarser columns", "use `partition_selection`, which shows only partitions with enough units");
        Fail();
    }

    private KeysetForm? Fail()
    {
        _sound = false;
        return null;
    }

}
