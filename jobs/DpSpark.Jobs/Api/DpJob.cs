using DpSpark.Engine.Planning;
using DpSpark.Jobs.Diagnostics;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Manifest.Yaml;
using DpSpark.Jobs.Running;
using DpSpark.Jobs.Sources;

namespace DpSpark;

/// <summary>
/// A differentially private release made by code, word for word a job manifest: <see cref="ToYaml"/> writes it, <see cref="Load"/> reads one. Nothing is checked until
/// <see cref="ToManifest"/>, <see cref="Plan"/> or a run, which report every fault at once.
/// </summary>
public sealed class DpJob
{
    private readonly YamlMap _tree;
    private readonly JobManifest? _loaded;
    private ManifestOptions _options = new() { KeysetFiles = new KeysetFileReader() };

    private DpJob(YamlMap tree, JobManifest? loaded) => (_tree, _loaded) = (tree, loaded);

    /// <summary>Starts a job.</summary>
    /// <param name="name">Its name.</param>
    public static DpJob Create(string name) => new(new YamlMap().Set("version", Tree.Number(1)).Set("name", Tree.Text(name)), null);

    /// <summary>Reads a manifest. A loaded job is run as it is written; to change it, edit the manifest.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Variables and run date; may be null.</param>
    /// <exception cref="ManifestException">The manifest has faults; all of them are in it.</exception>
    public static DpJob Load(string path, ManifestOptions? options = null)
    {
        var job = ManifestReader.Read(path, WithFiles(options ?? new ManifestOptions())).EnsureJob();
        return new DpJob(job.Tree, job);
    }

    /// <summary>Describes the job for people.</summary>
    /// <param name="text">The description.</param>
    public DpJob Description(string text) => Set("description", Tree.Text(text));

    /// <summary>Variables, run date, folder of relative paths and reader of keyset files of this job.</summary>
    /// <param name="options">The options.</param>
    public DpJob Options(ManifestOptions options)
    {
        EnsureOwn();
        _options = WithFiles(options);
        return this;
    }

    /// <summary>Says where rows come from.</summary>
    /// <param name="build">Names files and columns.</param>
    public DpJob Source(Action<SourceBuilder> build)
    {
        ArgumentNullException.ThrowIfNull(build);
        var source = new SourceBuilder();
        build(source);
        return Set("source", source.Node);
    }

    /// <summary>Says whose privacy is protected.</summary>
    /// <param name="build">Names the id and the bounds.</param>
    public DpJob PrivacyUnit(Action<PrivacyUnitBuilder> build)
    {
        ArgumentNullException.ThrowIfNull(build);
        var unit = new PrivacyUnitBuilder();
        build(unit);
        return Set("privacy_unit", unit.Node);
    }

    /// <summary>Says what the rows of the release are; without columns it is one row, the whole.</summary>
    /// <param name="columns">The columns of the key.</param>
    public DpJob PartitionBy(params IReadOnlyList<PartitionColumn> columns) => Set("partition_by", Tree.List(columns.Select(c => c.Node)));

    /// <summary>Names public partitions.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="source">Why they are public; printed in the report.</param>
    /// <param name="other">Whether rows of all other keys are gathered in one more row, whose key columns are null; otherwise they are left out.</param>
    public DpJob Keyset(KeySet keys, string source, bool other = false)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var map = new YamlMap();
        foreach (var entry in keys.Node.Entries)
        {
            map.Set(entry);
        }

        if (other)
        {
            map.Set("other", Tree.Word("true"));
        }

        return Set("keyset", map.Set("source", Tree.Text(source)));
    }

    /// <summary>Of the keys of a keyset, releases only those with the largest value of an aggregate, chosen privately.</summary>
    /// <param name="k">How many; fewer than the keyset has.</param>
    /// <param name="by">A count, privacy id count or sum of the job, by its output name.</param>
    /// <param name="budget">What the choice costs.</param>
    public DpJob TopK(int k, string by, BudgetPart budget)
    {
        ArgumentNullException.ThrowIfNull(budget);
        return Set("top_k", new YamlMap().Set("k", Tree.Number(k)).Set("by", Tree.Text(by)).Set("budget", budget.Node));
    }

    /// <summary>Shows only partitions with enough units, chosen privately.</summary>
    /// <param name="strategy">The rule; null for the one that shows the smallest partitions.</param>
    /// <param name="preThreshold">Partitions with fewer units are never shown.</param>
    /// <param name="weight">Share of the budget.</param>
    /// <param name="epsilon">Epsilon of its own, in place of a weight.</param>
    /// <param name="delta">Delta of its own, beside the epsilon.</param>
    /// <param name="rounds">Rounds of <see cref="Core.Stages.SelectionStrategy.Sips"/>, 2 to 10; null for 3, and for every other rule.</param>
    public DpJob PartitionSelection(
        Core.Stages.SelectionStrategy? strategy = null, int preThreshold = 1, DpNumber? weight = null, DpNumber? epsilon = null, DpNumber? delta = null, int? rounds = null)
    {
        var map = new YamlMap().Set("strategy", Tree.Word(strategy switch
        {
            Core.Stages.SelectionStrategy.TruncatedGeometric => "truncated_geometric",
            Core.Stages.SelectionStrategy.LaplaceThreshold => "laplace_threshold",
            Core.Stages.SelectionStrategy.GaussianThreshold => "gaussian_threshold",
            Core.Stages.SelectionStrategy.WeightedGaussian => "weighted_gaussian",
            Core.Stages.SelectionStrategy.Sips => "sips",
            _ => "auto",
        }));
        map.Set("pre_threshold", Tree.Number(preThreshold));
        if (rounds is { } count)
        {
            map.Set("rounds", Tree.Number(count));
        }

        if (weight is not null && Tree.Share(weight, epsilon, delta) is { } share)
        {
            return Set("partition_selection", map.Set("budget", share));
        }

        Tree.SetNumber(map, "epsilon", epsilon);
        Tree.SetNumber(map, "delta", delta);
        return Set("partition_selection", map);
    }

    /// <summary>Releases the keys of a private partition selection alone, without any number.</summary>
    public DpJob KeysAlone() => Set("aggregates", new YamlList());

    /// <summary>Says what is released; further calls add to it.</summary>
    /// <param name="build">Names the aggregates.</param>
    public DpJob Aggregate(Action<AggregateBuilder> build)
    {
        ArgumentNullException.ThrowIfNull(build);
        EnsureOwn();
        var aggregates = new AggregateBuilder(_tree.Find("aggregates") is { Value: YamlList list } ? list : new YamlList());
        build(aggregates);
        return Set("aggregates", aggregates.Node);
    }

    /// <summary>Says what the release may cost.</summary>
    /// <param name="budget">Epsilon or rho, and delta.</param>
    /// <param name="noise">Which noise.</param>
    /// <param name="accountant">How costs are put together; null for the one that goes with the budget.</param>
    /// <param name="adjacency">Which data sets the guarantee compares; null for those that differ by one unit which is there or not.</param>
    public DpJob Privacy(Budget budget, Noise noise = Noise.Auto, Accountant? accountant = null, Adjacency? adjacency = null)
    {
        ArgumentNullException.ThrowIfNull(budget);
        var map = new YamlMap();
        Tree.SetNumber(map, "epsilon", budget.Epsilon);
        Tree.SetNumber(map, "rho", budget.Rho);
        map.Set("delta", Tree.Number(budget.Delta)).Set("noise", Tree.Word(noise.ToString().ToLowerInvariant()));
        if (accountant is { } kind)
        {
            map.Set("accountant", Tree.Word(kind.ToString().ToLowerInvariant()));
        }

        return Set("privacy", adjacency is { } relation ? map.Set("adjacency", Tree.Word(relation == Adjacency.ReplaceOne ? "replace_one" : "add_remove")) : map);
    }

    /// <summary>Says where the release goes.</summary>
    /// <param name="build">Names directory, format and intervals.</param>
    public DpJob Output(Action<OutputBuilder> build)
    {
        ArgumentNullException.ThrowIfNull(build);
        var output = new OutputBuilder();
        build(output);
        return Set("output", output.Node);
    }

    /// <summary>Says who pays.</summary>
    /// <param name="file">Ledger file; created when absent.</param>
    /// <param name="dataset">Data set that is charged.</param>
    /// <param name="purpose">What the release is for; another purpose is another release.</param>
    /// <param name="expires">After which time an open reservation expires, e.g. <c>6h</c>.</param>
    public DpJob Ledger(string file, string dataset, string? purpose = null, string? expires = null)
    {
        var map = new YamlMap().Set("file", Tree.Template(file)).Set("dataset", Tree.Text(dataset));
        if (purpose is not null)
        {
            map.Set("purpose", Tree.Text(purpose));
        }

        return Set("ledger", expires is null ? map : map.Set("expires", Tree.Text(expires)));
    }

    /// <summary>Releases again, charged again, when the input has changed since; otherwise that is refused.</summary>
    public DpJob ReleaseAgainOnLateData() => Set("on_late_data", Tree.Word("release_again"));

    /// <summary>Gives a variable, used as <c>${name}</c> in paths.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its text.</param>
    public DpJob Var(string name, string value)
    {
        EnsureOwn();
        var vars = _tree.Find("vars")?.Value as YamlMap ?? new YamlMap();
        return Set("vars", vars.Set(name, Tree.Template(value)));
    }

    /// <summary>The job as a manifest; <see cref="Load"/> reads it back as the same job.</summary>
    public string ToYaml() => YamlTreeWriter.Write(_tree);

    /// <summary>The job, checked.</summary>
    /// <exception cref="ManifestException">It has faults; all of them are in it.</exception>
    public JobManifest ToManifest() => _loaded ?? ManifestReader.ReadTree(_tree, _options).EnsureJob();

    /// <summary>Plans the job: mechanisms, costs, expected errors. Pure: opens no data.</summary>
    /// <exception cref="ManifestException">The job has faults, or cannot be planned.</exception>
    public DpPlan Plan()
    {
        var job = ToManifest();
        try
        {
            return new DpPlan(job, Planner.Plan(job.Request));
        }
        catch (PlanningException fault)
        {
            throw new ManifestException(PlanDiagnostics.Of(job, fault));
        }
    }

    /// <summary>Plans and runs the job: reserves its budget, releases, commits. The same job on the same input gives the release that is there, at no cost.</summary>
    /// <param name="context">Where it runs.</param>
    /// <param name="observer">Is told what happens; may be null.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="Core.DpSparkException">The job has faults, the ledger refuses, the source breaks its contract, or the run fails; the code says which.</exception>
    public async Task<DpRelease> RunAsync(DpSparkContext context, IRunObserver? observer = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var plan = Plan();
        var result = await Task.Run(() => JobRunner.Run(plan.Job, plan.Release, context.Settings, observer ?? new DpSparkContext.Silent(), cancellationToken), cancellationToken).ConfigureAwait(false);
        return new DpRelease(result, plan.Job.Output.Format);
    }

    private DpJob Set(string key, YamlNode value)
    {
        EnsureOwn();
        _tree.Set(key, value);
        return this;
    }

    private static ManifestOptions WithFiles(ManifestOptions options) => options.KeysetFiles is null ? options with { KeysetFiles = new KeysetFileReader() } : options;

    private void EnsureOwn()
    {
        if (_loaded is not null)
        {
            throw new InvalidOperationException("A job loaded from a manifest is not changed by code; edit the manifest, or build the job with DpJob.Create.");
        }
    }
}
