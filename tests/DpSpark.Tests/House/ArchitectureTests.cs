using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace DpSpark.Tests.House;

/// <summary>Reads the built assemblies and fails on any arrow between projects, or use of a forbidden type, that the layout does not allow.</summary>
public sealed class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> s_allowed = new()
    {
        ["DpSpark.Arrow"] = [],
        ["DpSpark.Core"] = ["DpSpark.Arrow"],
        ["DpSpark.Engine"] = ["DpSpark.Core", "DpSpark.Arrow"],
        ["DpSpark.Connect"] = ["DpSpark.Arrow", "Google.Protobuf"],
        ["DpSpark.Jobs"] = ["DpSpark.Connect", "DpSpark.Engine", "DpSpark.Core", "DpSpark.Arrow", "YamlDotNet", "Microsoft.Data.Sqlite", "SQLitePCLRaw.core", "SQLitePCLRaw.batteries_v2", "IronSnappy"],
        ["dpspark-worker"] = ["DpSpark.Core", "DpSpark.Arrow"],
        ["dpspark"] = ["DpSpark.Jobs", "DpSpark.Engine", "DpSpark.Core", "DpSpark.Arrow", "System.CommandLine", "Spectre.Console"],
    };

    private static readonly string[] s_bannedInCore =
        ["System.IO.File", "System.IO.Directory", "System.IO.FileInfo", "System.Net.", "System.Random", "System.Linq.", "System.Console"];

    public static TheoryData<string> Assemblies => [.. s_allowed.Keys];

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void References_OfAssembly_FollowTheArrows(string name)
    {
        using var file = Open(name);
        var reader = file.GetMetadataReader();

        var references = reader.AssemblyReferences.Select(r => reader.GetString(reader.GetAssemblyReference(r).Name)).Where(r => !IsFramework(r)).ToArray();

        Assert.Empty(references.Except(s_allowed[name]));
    }

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void Types_OutsideTheExecutables_NeverTouchTheConsole(string name)
    {
        using var file = Open(name);

        var console = TypesUsed(file.GetMetadataReader()).Contains("System.Console");

        Assert.Equal(name is "dpspark" or "dpspark-worker", console);
    }

    [Fact]
    public void Types_OfCore_KnowNothingOfFilesClocksOrNetworks()
    {
        using var file = Open("DpSpark.Core");
        var reader = file.GetMetadataReader();

        var banned = TypesUsed(reader).Where(t => s_bannedInCore.Any(b => b.EndsWith('.') ? t.StartsWith(b, StringComparison.Ordinal) : t == b));

        Assert.Empty(banned);
        Assert.DoesNotContain("System.DateTime.get_Now", MembersUsed(reader));
        Assert.DoesNotContain("System.DateTime.get_UtcNow", MembersUsed(reader));
    }

    [Fact]
    public void Types_OfEngine_TakeBatchesNeverPaths()
    {
        using var file = Open("DpSpark.Engine");

        var used = TypesUsed(file.GetMetadataReader());

        Assert.DoesNotContain("System.IO.File", used);
        Assert.DoesNotContain("System.IO.Directory", used);
        Assert.DoesNotContain("System.IO.Path", used);
    }

    private static PEReader Open(string name) => new(File.OpenRead(Path.Combine(AppContext.BaseDirectory, name + ".dll")));

    private static bool IsFramework(string assembly) => assembly.StartsWith("System.", StringComparison.Ordinal) && assembly != "System.CommandLine"
        || assembly is "netstandard" or "mscorlib" or "Microsoft.Win32.Primitives";

    private static HashSet<string> TypesUsed(MetadataReader reader) =>
        [.. reader.TypeReferences.Select(t => NameOf(reader, t))];

    private static HashSet<string> MembersUsed(MetadataReader reader) =>
        [.. reader.MemberReferences.Select(m => reader.GetMemberReference(m))
            .Where(m => m.Parent.Kind == HandleKind.TypeReference)
            .Select(m => NameOf(reader, (TypeReferenceHandle)m.Parent) + "." + reader.GetString(m.Name))];

    private static string NameOf(MetadataReader reader, TypeReferenceHandle handle)
    {
        var type = reader.GetTypeReference(handle);
        var space = reader.GetString(type.Namespace);
        return (space.Length > 0 ? space + "." : "") + reader.GetString(type.Name);
    }
}
