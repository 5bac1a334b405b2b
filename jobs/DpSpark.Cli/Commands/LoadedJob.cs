using System.CommandLine;
using DpSpark.Core;
using DpSpark.Engine.Planning;
using DpSpark.Jobs.Diagnostics;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Sources;

namespace DpSpark.Cli.Commands;

/// <summary>A manifest that was read and planned.</summary>
/// <param name="Job">The job.</param>
/// <param name="Plan">Its plan.</param>
/// <param name="Diagnostics">Warnings and hints of both.</param>
internal sealed record LoadedJob(JobManifest Job, ReleasePlan Plan, IReadOnlyList<Diagnostic> Diagnostics)
{
    /// <summary>Reads and plans; opens no data.</summary>
    /// <exception cref="ManifestException">The manifest has faults: all of them.</exception>
    public static LoadedJob Load(ParseResult parsed, JobOptions options, CliHost host, bool requireLedger)
    {
        var file = options.FileOf(parsed);
        var path = JobOptions.PathOf(file, host);
        var result = ManifestReader.Read(path, new ManifestOptions
        {
            Vars = options.Vars(parsed),
            RunDate = options.RunDate(parsed),
            KeysetFiles = new KeysetFileReader(),
            RequireLedger = requireLedger,
        });

        // Messages name the file as the user did.
        var diagnostics = result.Diagnostics.Select(d => d.File == path ? d with { File = file } : d).ToList();
        if (result.Job is not { } job)
        {
            throw new ManifestException(diagnostics);
        }

        job = job with { File = file };
        try
        {
            var plan = Planner.Plan(job.Request);
            diagnostics.AddRange(PlanDiagnostics.Of(job, plan));
            return new LoadedJob(job, plan, diagnostics);
        }
        catch (PlanningException e)
        {
            throw new ManifestException([.. diagnostics, .. PlanDiagnostics.Of(job, e)]);
        }
    }

    /// <summary>Gives a fault of a run its place in the manifest: the key that a person would change.</summary>
    public Diagnostic Locate(DpSparkException exception)
    {
        var path = exception.Code switch
        {
            ['D', 'P', 'S', '4', ..] when exception.ExitCode == ExitCodes.Budget => "privacy.epsilon",
            ['D', 'P', 'S', '4', ..] => "ledger",
            ['D', 'P', 'S', '5', ..] => "source",
            "DPS2091" or "DPS2094" or "DPS6102" => "output.path",
            _ => "",
        };
        var diagnostic = Diagnostic.FromException(exception);
        return path.Length == 0 ? diagnostic : At(Job, path, diagnostic);
    }

    private static Diagnostic At(JobManifest job, string path, Diagnostic diagnostic)
    {
        var position = job.Locate(path);
        return diagnostic with { File = job.File, Line = position.Line, Column = position.Column };
    }
}
