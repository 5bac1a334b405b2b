using System.CommandLine;
using DpSpark.Jobs.Manifest;

namespace DpSpark.Cli.Commands;

/// <summary><c>dpspark schema job</c>: the JSON Schema of the manifest, for editors.</summary>
internal static class SchemaCommand
{
    /// <summary>The verb.</summary>
    public static Command Create(CliHost host)
    {
        var what = new Argument<string>("what") { Description = "job" };
        what.AcceptOnlyFromAmong("job");
        var command = new Command("schema", "Prints the JSON Schema of the job manifest.");
        command.Add(what);
        command.SetAction(_ =>
        {
            host.Out.Write(ManifestSchema.Json);
            return 0;
        });
        return command;
    }
}
