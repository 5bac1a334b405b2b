using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using DpSpark.Core;

namespace DpSpark.Cli.Commands;

/// <summary>The Java and the Spark of this machine, which <c>spark-submit.sh</c> starts; found as it finds them.</summary>
internal static partial class LocalSpark
{
    private const int OldestJava = 17;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    /// <summary>Where Java is, and which.</summary>
    /// <exception cref="DpSparkException">There is none that Spark 4 runs on (DPS6013).</exception>
    public static string Java(CliHost host)
    {
        var java = host.Environment("JAVA_HOME") is { Length: > 0 } home && File.Exists(Path.Combine(home, "bin", "java")) ? Path.Combine(home, "bin", "java") : OnPath(host, "java");
        if (java is null)
        {
            throw NoJava("there is no Java on this machine.");
        }

        var version = JavaVersion().Match(Output(java, "-version")) is { Success: true } match ? match.Groups[1].Value : throw NoJava($"{java} does not say which version it is.");

        // 1.8.0_402 is Java 8; 21-ea is Java 21.
        var parts = version.Split('.', '-', '+', '_');
        var major = parts[0] == "1" && parts.Length > 1 ? parts[1] : parts[0];
        return int.TryParse(major, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= OldestJava ? $"{version}, {java}" : throw NoJava($"Java {version} is too old for Spark 4.");
    }

    /// <summary>Where Spark is, and which.</summary>
    /// <exception cref="DpSparkException">There is none with Spark Connect (DPS6014), or it is of a version that is not supported (DPS6007).</exception>
    public static string Spark(CliHost host)
    {
        string home;
        if (host.Environment("SPARK_HOME") is { Length: > 0 } named)
        {
            home = File.Exists(Path.Combine(named, "bin", "spark-submit")) ? named : throw NoSpark("SPARK_HOME holds no bin/spark-submit.");
        }
        else if (OnPath(host, "spark-submit") is { } submit)
        {
            var real = File.ResolveLinkTarget(submit, returnFinalTarget: true)?.FullName ?? submit;
            home = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(real)!, ".."));
        }
        else
        {
            throw NoSpark("there is no Spark on this machine.");
        }

        var version = Jar(home, "spark-core_2.13-") ?? throw NoSpark($"{home} is no Spark 4: jars/spark-core_2.13-*.jar is not there.");
        if (!Jobs.Spark.SparkDoctor.IsSupported(version))
        {
            throw new DpSparkException("DPS6007", ExitCodes.Environment, $"Spark {version} in {home} is not supported.", "Releases run on Spark 4.0 to 4.3.", ["install one of these versions and set SPARK_HOME to its folder"]);
        }

        return Jar(home, "spark-connect_2.13-") is null ? throw NoSpark($"Spark {version} in {home} has no Spark Connect: jars/spark-connect_2.13-*.jar is not there.") : $"{version}, {home}";
    }

    private static string? Jar(string home, string prefix)
    {
        var jars = Path.Combine(home, "jars");
        return !Directory.Exists(jars) ? null
            : Directory.EnumerateFiles(jars, prefix + "*.jar").Select(f => Path.GetFileNameWithoutExtension(f)[prefix.Length..]).FirstOrDefault(v => v.Length > 0 && char.IsAsciiDigit(v[0]));
    }

    private static string? OnPath(CliHost host, string program) => (host.Environment("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .SelectMany(f => OperatingSystem.IsWindows() ? new[] { Path.Combine(f, program + ".exe"), Path.Combine(f, program + ".cmd") } : [Path.Combine(f, program)]).FirstOrDefault(File.Exists);

    /// <summary>What a program writes, on either stream; nothing where it cannot be started or does not end.</summary>
    private static string Output(string program, string argument)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, [argument]) { RedirectStandardOutput = true, RedirectStandardError = true });
            if (process is null)
            {
                return "";
            }

            var texts = new[] { process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync() };
            if (!process.WaitForExit(s_patience))
            {
                process.Kill(entireProcessTree: true);
                return "";
            }

            return string.Concat(texts.Select(t => t.Result));
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException or IOException)
        {
            return "";
        }
    }

    private static DpSparkException NoJava(string message) => new("DPS6013", ExitCodes.Environment, message, "Spark needs Java to run; dpspark itself does not.", ["install Java 17 or 21, or set JAVA_HOME to its folder"]);

    private static DpSparkException NoSpark(string message) => new("DPS6014", ExitCodes.Environment, message, "./spark-submit.sh starts a Spark Connect server with it.",
        ["unpack Apache Spark 4 (https://spark.apache.org/downloads) and set SPARK_HOME to its folder", "name a Connect server with --remote sc://host:15002"]);

    [GeneratedRegex("version \"([0-9]+[0-9A-Za-z._+-]*)\"")]
    private static partial Regex JavaVersion();
}
