using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Diagnostics;
using DpSpark.Jobs.Manifest.Keysets;
using DpSpark.Jobs.Manifest.Yaml;
using DpSpark.Jobs.Quality;

namespace DpSpark.Jobs.Manifest;

/// <summary>Reads a whole job: each section, then what the sections mean to each other.</summary>
internal sealed class JobReader(ManifestScope scope, YamlMap map, string folder, string? file)
{
    private readonly SectionReader _job = new(scope, map, map, "", ManifestKeys.Job);

    public JobManifest? Read()
    {
        CheckVersion();
        ReadVars();
        var name = _job.Get("name") is { } nameValue ? ReadName(nameValue) : Path.GetFileNameWithoutExtension(file) ?? "job";
        var description = _job.Get("description")?.Text("a text", "Visits by weekday");

        var source = Need("source", "it says where rows come from.", "add `source: { csv: data.csv, columns: { … } }`")?.Section(ManifestKeys.Source);
        var files = source is null ? null : SourceSection.Read(source);
        var contract = ColumnContract.Read(source is null || source.HasLater ? source?.Get("columns") : source.Require("columns", "the columns are a contract: drift of the source fails before any row is used.", "name the columns the job uses, e.g. `columns: { visitor_id: string }`"));

        // Ids first: `null_id: one_unit` keeps the nulls of id columns, and a partition column may be one of them.
        var aggregates = Need("aggregates", "it says what is released.", "add e.g. `aggregates: [ { count: \"*\", as: visits } ]`") is { } aggregatesValue ? AggregateSection.Read(aggregatesValue, contract) : null;
        var partitionValue = Need("partition_by", "it says what the rows of the release are.", "add e.g. `partition_by: [weekday]`", "`partition_by: []` for one partition, the whole");
        var whole = partitionValue?.Node is YamlList { Items.Count: 0 };
        var unit = Need("privacy_unit", "it says who is protected; nothing privacy-relevant has a default.", "add `privacy_unit: { id: <column>, … }`")?.Section(ManifestKeys.Unit) is { } unitSection
            ? UnitSection.Read(unitSection, contract, whole, aggregates?.Any(AggregateSection.SamplesRows))
            : null;
        var partitions = partitionValue is null ? null : PartitionSection.Read(partitionValue, contract);

        var privacy = Need("privacy", "nothing privacy-relevant has a default.", "add `privacy: { epsilon: \"1.0\", delta: \"0\", noise: laplace }`")?.Section(ManifestKeys.Privacy);
        var budget = privacy is null ? null : BudgetSection.ReadPrivacy(privacy);
        var selectionValue = _job.Get("partition_selection");
        var selection = selectionValue?.Section(ManifestKeys.Selection) is { } selectionSection ? BudgetSection.ReadSelection(selectionSection) : null;
        var output = OutputSection.Read(_job.Get("output") is { } outputValue ? outputValue.Section(ManifestKeys.Output) : null);
        var ledger = _job.Get("ledger")?.Section(ManifestKeys.Ledger) is { } ledgerSection ? OutputSection.ReadLedger(ledgerSection) : null;
        var late = _job.Get("on_late_data")?.Word(["refuse", "release_again"]) == "release_again" ? LateDataPolicy.ReleaseAgain : LateDataPolicy.Refuse;

        CheckSelection(selectionValue, budget?.Delta, whole);
        if (aggregates is { Count: 0 } && (selectionValue is null || whole))
        {
            _job.Get("aggregates")!.Error(DiagnosticCatalog.MissingKey, "there is nothing to release: `aggregates` is empty, and no keys are selected.", "a release of keys alone needs keys that are not known already.",
                "add an aggregate, e.g. `- { privacy_id_count: \"*\", as: units }`", "release the keys of `partition_by` with `partition_selection`");
        }

        CheckKept(contract, unit, partitions);
        CheckIds(contract, unit, aggregates);
        if (aggregates is not null)
        {
            CheckOutputs(aggregates, partitions, output?.Level is not null, output?.Settings.Quality);
        }

        if (budget is { } total && privacy is not null && aggregates is not null)
        {
            BudgetSection.CheckTotal(scope, privacy, total.Epsilon, total.Delta, aggregates, selection);
        }

        var keys = ReadKeyset(partitions, whole);
        if (keys?.Keys.HasOther == true)
        {
            // The key of all others is the key of nulls alone.
            partitions = [.. partitions!.Select(p => p with { NullIsKey = true })];
        }

        var top = _job.Get("top_k")?.Section(ManifestKeys.TopK) is { } topSection ? AutoSection.ReadTopK(topSection, aggregates, _job.Has("keyset")) : null;
        CheckLedger();
        CheckUnusedVars();
        if (scope.HasErrors || name is null || files is null || unit is null || partitions is null || aggregates is null || budget is not { } paid || output is not { } target)
        {
            return null;
        }

        return new JobManifest
        {
            File = file,
            Folder = folder,
            Description = description,
            Source = files,
            Request = new ReleaseRequest
            {
                Name = name,
                Columns = contract.Columns,
                Unit = unit,
                PartitionBy = partitions,
                Keyset = keys?.Keys,
                Selection = selection,
                TopK = top,
                Aggregates = aggregates,
                Epsilon = paid.Epsilon,
                Delta = paid.Delta,
                Noise = paid.Noise,
                Accountant = paid.Accountant,
                Adjacency = paid.Adjacency,
                Rho = paid.Rho,
                ConfidenceLevel = target.Level,
                NonNegative = target.NonNegative,
            },
            Keyset = keys?.Form,
            Output = target.Settings,
            Ledger = ledger,
            OnLateData = late,
            Vars = scope.Variables.Used,
            RunDate = scope.Options.RunDate,
            Positions = scope.Positions,
            Tree = map,
        };
    }

    /// <summary>A top-level key that must be there, unless a key of a later version may stand for it or a misspelt one is meant.</summary>
    private ManifestValue? Need(string key, string why, params string[] fixes)
    {
        var stands = key == "source" && _job.Has("source") == false && map.Find("sources") is not null;
        return stands || (_job.HasUnknown && !_job.Has(key) && map.Entries.Any(e => Suggestions.For(e.Key.Text, ManifestKeys.Job.Keys) == key)) ? null : _job.Require(key, why, fixes);
    }

    private void CheckVersion()
    {
        if (_job.Get("version") is { } version && version.Text("1", "1") is { } text && text != "1")
        {
            version.Error(DiagnosticCatalog.Version, $"version {Printable.Text(text)} is not known; this program reads version 1.", "another version may mean other things by the same keys.", "write `version: 1`", "use a newer dpspark");
        }
    }

    private string? ReadName(ManifestValue value) => value.Text("a name", "restaurant-visits") is { } name && Names.Check(name, value) ? name : null;

    private void ReadVars()
    {
        if (_job.Get("vars")?.Entries("names, each with a text") is not { } entries)
        {
            return;
        }

        foreach (var (name, value) in entries)
        {
            if (!Variables.IsName(name))
            {
                value.Error(DiagnosticCatalog.Variable, $"`{Printable.Text(name)}` cannot be a variable.", name == Variables.RunDateName ? "run_date is given by `--run-date`." : "names start with a letter or `_` and go on with letters, digits, `_`, `-` and `.`.", "choose another name");
                continue;
            }

            scope.Variables.Define(name, scope.Options.Vars.ContainsKey(name) ? null : value.Text("a text", "2026"));
        }
    }

    private void CheckSelection(ManifestValue? selection, ExactDecimal? delta, bool whole)
    {
        var keyset = _job.Get("keyset");
        if (selection is not null && keyset is not null)
        {
            keyset.Error(DiagnosticCatalog.Exclusive, "`keyset` does not go with `partition_selection`.", "partitions are public or selected privately, not both.", "remove one of them");
        }
        else if (selection is null && keyset is null && !whole && _job.Has("partition_by") && !_job.HasUnknown)
        {
            _job.Error(DiagnosticCatalog.MissingKey, "neither `keyset` nor `partition_selection` is there.", "which partitions exist may itself tell who is in the data; nothing privacy-relevant has a default.",
                "add `keyset` when the partitions are public knowledge", "add `partition_selection: { strategy: auto }` to show only partitions with enough units");
        }

        if (selection is not null && keyset is null && delta is { Sign: 0 })
        {
            selection.Error(DiagnosticCatalog.DeltaZero, "`partition_selection` needs a delta above 0.", "whether a partition with one unit is shown cannot be hidden without it.", "give `privacy.delta`, e.g. `\"1e-8\"`", "name the partitions with `keyset`");
        }
    }

    private (KeysetForm? Form, PublicKeys Keys)? ReadKeyset(IReadOnlyList<PartitionColumnSpec>? partitions, bool whole)
    {
        if (_job.Get("keyset") is { } value)
        {
            return value.Section(ManifestKeys.Keyset) is { } section && new KeysetReader(section, partitions, folder).Read() is { } read ? (read.Form, read.Keys) : null;
        }

        return whole && !_job.Has("partition_selection") ? (null, new PublicKeys([[]], "one partition, the whole")) : null;
    }

    private static void CheckKept(ColumnContract contract, PrivacyUnitRequest? unit, IReadOnlyList<PartitionColumnSpec>? partitions)
    {
        if (partitions is null || unit is null)
        {
            return;
        }

        foreach (var column in contract.Columns.Where(c => c.Nulls == ValuePolicy.Keep && !partitions.Any(p => p.Column == c.Name)))
        {
            if (!(unit.NullIdIsOneUnit && unit.IdColumns.Contains(column.Name)))
            {
                contract.PlaceOf(column.Name).Error(DiagnosticCatalog.PolicyMisplaced, $"`{Printable.Text(column.Name)}` has `nulls: keep` and is not a partition column.", "a kept null is a key; other columns need a value in every row.", "write `nulls: drop`", "`nulls: { replace: … }`");
            }
        }
    }

    /// <summary>Where rows without an id are one unit, the nulls of id columns stay, and an aggregate of such a column would lack values.</summary>
    private static void CheckIds(ColumnContract contract, PrivacyUnitRequest? unit, IReadOnlyList<AggregateRequest>? aggregates)
    {
        foreach (var column in unit is { NullIdIsOneUnit: true } ? unit.IdColumns : [])
        {
            if (aggregates?.FirstOrDefault(a => a.Column == column || a.Columns?.Contains(column) == true) is { } aggregate && contract.Columns.Any(c => c.Name == column))
            {
                contract.PlaceOf(column).Error(DiagnosticCatalog.PolicyMisplaced, $"`{Printable.Text(column)}` identifies the privacy unit under `null_id: one_unit`, and the aggregate `{Printable.Text(aggregate.Output)}` needs a value of it in every row.",
                    "rows without an id are kept, and have none.", "write `null_id: drop`", "aggregate another column");
            }
        }
    }

    private void CheckOutputs(IReadOnlyList<AggregateRequest> aggregates, IReadOnlyList<PartitionColumnSpec>? partitions, bool hasIntervals, QualityRule? quality)
    {
        var taken = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var partition in partitions ?? [])
        {
            taken.TryAdd(partition.Name, $"partition column `{Printable.Text(partition.Name)}`");
        }

        if (quality is not null && aggregates.Count > 0)
        {
            foreach (var name in QualityColumns.NamesOf(quality, aggregates.Select(a => a.Output)))
            {
                if (!taken.TryAdd(name, "made by `quality`"))
                {
                    _job.Get("output")!.Error(DiagnosticCatalog.OutputClash, $"output column `{Printable.Text(name)}`, made by `quality`, is there already.", "each column of the output has one name.", "choose another `as`");
                }
            }
        }

        for (var i = 0; i < aggregates.Count; i++)
        {
            var output = aggregates[i].Output;
            var released = AggregateColumns.Of(aggregates[i]);
            foreach (var name in released.SelectMany(n => hasIntervals ? (string[])[n, n + "_stddev", n + "_ci_low", n + "_ci_high"] : [n]))
            {
                if (taken.TryGetValue(name, out var other))
                {
                    var path = $"aggregates[{i}]";
                    var item = ((YamlList)map.Find("aggregates")!.Value.Value).Items[i];
                    var at = (item as YamlMap)?.Find("as")?.Key ?? item;
                    scope.Error(DiagnosticCatalog.OutputClash, path, at, $"output column `{Printable.Text(name)}` is there already: {other}.",
                        "each column of the output has one name; names that differ only in case are one for many readers.", "choose another `as`");
                    break;
                }

                taken.Add(name, released.Contains(name) ? $"aggregate `{Printable.Text(output)}`" : $"made by `ci` for aggregate `{Printable.Text(output)}`");
            }
        }
    }

    private void CheckLedger()
    {
        if (scope.Options.RequireLedger && !_job.Has("ledger"))
        {
            _job.Error(DiagnosticCatalog.LedgerMissing, "`ledger` is missing.", "a release is paid from the budget of its data set; without a ledger nobody knows what was spent.", "add `ledger: { file: ledger.db, dataset: <name> }`", "run with `--test-mode`, which releases nothing");
        }
    }

    private void CheckUnusedVars()
    {
        if (scope.HasErrors)
        {
            return;
        }

        foreach (var name in scope.Options.Vars.Keys.Where(n => !scope.Variables.Used.ContainsKey(n)).Order(StringComparer.Ordinal))
        {
            scope.Warning(DiagnosticCatalog.UnusedVariable, "vars", null, $"variable `{Printable.Text(name)}` is given and not used.", "a misspelt name would leave the manifest's own value in place.", "correct or remove `--var`");
        }
    }
}
