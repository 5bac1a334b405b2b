using System.Text;

namespace DpSpark.Cli.Samples;

/// <summary>A sample: a manifest, synthetic data written by us, and a few words. The same call always gives the same bytes.</summary>
/// <param name="Name">Name of the sample and of its folder.</param>
/// <param name="Files">Relative path with forward slashes, and content.</param>
internal sealed record SampleFiles(string Name, IReadOnlyList<(string Path, byte[] Content)> Files)
{
    /// <summary>Names of all samples.</summary>
    public static IReadOnlyList<string> Names { get; } = ["restaurant", "taxi", "telemetry"];

    /// <summary>Makes a sample.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    public static SampleFiles Create(string name) => name switch
    {
        "restaurant" => RestaurantSample.Create(),
        "taxi" => TaxiSample.Create(),
        "telemetry" => TelemetrySample.Create(),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "There is no such sample."),
    };

    /// <summary>Writes the files into a folder.</summary>
    /// <param name="folder">The folder; made where it is not there.</param>
    public void WriteTo(string folder)
    {
        foreach (var (path, content) in Files)
        {
            var target = Path.Combine(folder, path.Replace('/', Path.DirectorySeparatorChar));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.WriteAllBytes(target, content);
        }
    }

    internal static byte[] Text(string text) => Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\n"));
}

/// <summary>SplitMix64 (Steele, Lea and Flood 2014): the same numbers on every machine and in every version of .NET. For synthetic data only.</summary>
/// <param name="seed">Where it starts.</param>
internal sealed class SampleRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The next 64 bits.</summary>
    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A whole number from 0 to <paramref name="end"/> - 1; the bias of at most end/2^64 does not matter for samples.</summary>
    public int Below(int end) => (int)(Next() % (ulong)end);

    /// <summary>One of several, each as likely as its weight.</summary>
    public int Weighted(ReadOnlySpan<int> weights)
    {
        var sum = 0;
        foreach (var weight in weights)
        {
            sum += weight;
        }

        var at = Below(sum);
        for (var i = 0; ; i++)
        {
            at -= weights[i];
            if (at < 0)
            {
                return i;
            }
        }
    }
}
