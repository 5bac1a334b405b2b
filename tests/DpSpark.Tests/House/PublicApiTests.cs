using DpSpark.Testing;

namespace DpSpark.Tests.House;

/// <summary>The public surface of each library is kept as text beside its project; a change of it shows as a difference. DPSPARK_REGENERATE=1 writes the texts again.</summary>
public sealed class PublicApiTests
{
    public static TheoryData<string, string> Libraries => new()
    {
        { "pipeline", "DpSpark.Arrow" },
        { "pipeline", "DpSpark.Core" },
        { "pipeline", "DpSpark.Engine" },
        { "jobs", "DpSpark.Connect" },
        { "jobs", "DpSpark.Jobs" },
    };

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Surface_OfLibrary_IsTheOneKeptAsText(string folder, string library)
    {
        var path = Path.Combine(SharedFiles.RepositoryRoot, folder, library, "PublicApi.txt");

        var found = PublicSurface.Of(System.Reflection.Assembly.Load(library)).ToArray();

        if (Environment.GetEnvironmentVariable("DPSPARK_REGENERATE") == "1")
        {
            File.WriteAllText(path, string.Join('\n', found) + "\n");
        }

        var kept = File.ReadAllLines(path);
        var difference = kept.Except(found).Select(l => "- " + l).Concat(found.Except(kept).Select(l => "+ " + l)).ToArray();
        Assert.True(kept.SequenceEqual(found), $"The public surface of {library} changed. If that is meant, run the tests with DPSPARK_REGENERATE=1 and commit PublicApi.txt.\n{string.Join('\n', difference)}");
    }

    [Fact]
    public void Of_ThisProbe_WritesWhatCallersSee()
    {
        var lines = PublicSurface.Of([typeof(Probe)]).ToArray();

        Assert.Equal(
            [
                "sealed class DpSpark.Tests.House.PublicApiTests.Probe",
                "  const Size = 3",
                "  constructor (int? size = null)",
                "  method static void Fill<T>(System.Span<T> items, ref int count)",
                "  property string Name { get; init; }",
            ], lines);
    }

    /// <summary>A type with one of each.</summary>
    public sealed class Probe
    {
        /// <summary>A constant.</summary>
        public const int Size = 3;

        private int _hidden;

        /// <summary>A constructor.</summary>
        public Probe(int? size = null) => _hidden = size ?? 0;

        /// <summary>A property.</summary>
        public string Name { get; init; } = "";

        /// <summary>A method.</summary>
        public static void Fill<T>(Span<T> items, ref int count) => count = items.Length;

        internal int Hidden => _hidden++;
    }
}
