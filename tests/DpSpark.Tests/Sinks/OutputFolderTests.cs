using System.Security.Cryptography;
using System.Text;
using DpSpark.Arrow;
using DpSpark.Core;
using DpSpark.Jobs.Manifest;
using DpSpark.Jobs.Sinks;
using DpSpark.Tests.Running;

namespace DpSpark.Tests.Sinks;

public sealed class OutputFolderTests : IDisposable
{
    private const string Id = "rel-0123456789abcdef";

    private static readonly byte[] s_record = Encoding.UTF8.GetBytes($$"""{ "release_id": "{{Id}}" }""");

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Publish_NewFolder_AppearsWhole()
    {
        var output = new OutputFolder(_folder["out"]);
        var hash = Stage(output);

        output.Publish(Id);

        Assert.Equal(["_SUCCESS", "_release.json", "part-00000.csv"], Names(_folder["out"]));
        Assert.Equal(OutputState.ThisRelease, output.Inspect(s_record, hash, Id));
        Assert.Equal(["out"], Names(_folder.Path));
    }

    [Fact]
    public void Publish_OverAnEmptyFolder_TakesItsPlace()
    {
        Directory.CreateDirectory(_folder["out"]);
        var output = new OutputFolder(_folder["out"]);
        Stage(output);

        output.EnsureFree(replace: false);
        output.Publish(Id);

        Assert.Contains("_SUCCESS", Names(_folder["out"]));
    }

    [Fact]
    public void Publish_OverAnotherRelease_ReplacesItWholly()
    {
        _folder.Write("out/part-00000.csv", "old");
        _folder.Write("out/part-00001.csv", "old");
        var output = new OutputFolder(_folder["out"]);
        Stage(output);

        output.Publish(Id);

        Assert.Equal(["_SUCCESS", "_release.json", "part-00000.csv"], Names(_folder["out"]));
        Assert.Equal(["out"], Names(_folder.Path));
    }

    [Fact]
    public void Publish_AfterACrashBetweenTheRenames_FinishesAndRemovesTheOldOne()
    {
        _folder.Write("out/part-00000.csv", "old");
        var output = new OutputFolder(_folder["out"]);
        var hash = Stage(output);
        Directory.Move(_folder["out"], _folder[$".out.old-{Id}"]);

        output.Publish(Id);

        Assert.Equal(OutputState.ThisRelease, output.Inspect(s_record, hash, Id));
        Assert.Equal(["out"], Names(_folder.Path));
    }

    [Fact]
    public void Publish_AfterACrashBeforeTheOldOneWasRemoved_RemovesIt()
    {
        var output = new OutputFolder(_folder["out"]);
        Stage(output);
        output.Publish(Id);
        _folder.Write($".out.old-{Id}/part-00000.csv", "old");

        output.Publish(Id);

        Assert.Equal(["out"], Names(_folder.Path));
    }

    [Theory]
    [InlineData("part-00000.csv", "changed")]
    [InlineData("part-00001.csv", "added")]
    [InlineData("_release.json", "{ \"release_id\": \"rel-0123456789abcdef\", \"more\": 1 }")]
    public void Inspect_FileChangedOrAdded_IsAltered(string name, string content)
    {
        var output = new OutputFolder(_folder["out"]);
        var hash = Stage(output);
        output.Publish(Id);

        _folder.Write("out/" + name, content);

        Assert.Equal(OutputState.Altered, output.Inspect(s_record, hash, Id));
    }

    [Fact]
    public void Inspect_OtherContents_TellsThemApart()
    {
        var output = new OutputFolder(_folder["out"]);
        var hash = Stage(output);
        Assert.Equal(OutputState.Absent, output.Inspect(s_record, hash, Id));
        _folder.Write("out/notes.txt", "mine");
        Assert.Equal(OutputState.Foreign, output.Inspect(s_record, hash, Id));
        _folder.Write("out/_release.json", "{ \"release_id\": \"rel-other\" }");

        Assert.Equal(OutputState.OtherRelease, output.Inspect(s_record, hash, Id));
    }

    [Fact]
    public void EnsureFree_FolderHoldsSomething_IsRefusedUnlessItMayBeReplaced()
    {
        _folder.Write("out/notes.txt", "mine");
        var output = new OutputFolder(_folder["out"]);

        var fault = Assert.Throws<DpSparkException>(() => output.EnsureFree(replace: false));
        output.EnsureFree(replace: true);

        Assert.Equal(ExitCodes.Usage, fault.ExitCode);
    }

    [Fact]
    public void Hash_PartFiles_IsThatOfTheSortedLines()
    {
        _folder.Write("out/part-00001.csv", "b");
        _folder.Write("out/part-00000.csv", "a");
        _folder.Write("out/_release.json", "not data");

        var hash = PartFiles.Hash(_folder["out"]);

        var lines = new[] { ("a", "part-00000.csv"), ("b", "part-00001.csv") }.Select(f => Sha(f.Item1) + "  " + f.Item2 + "\n").Order(StringComparer.Ordinal);
        Assert.Equal(Sha(string.Concat(lines)), hash);
    }

    [Fact]
    public void Unpack_PackedStage_GivesTheSameFiles()
    {
        var output = new OutputFolder(_folder["out"]);
        var hash = Stage(output);
        var copy = OutputCopy.Pack(output.StagePath(Id));
        Directory.CreateDirectory(_folder["again"]);

        OutputCopy.Unpack(copy!, _folder["again"]);

        Assert.Equal(hash, PartFiles.Hash(_folder["again"]));
        Assert.Equal(copy, OutputCopy.Pack(output.StagePath(Id)));
    }

    [Theory]
    [InlineData(FileKind.Csv)]
    [InlineData(FileKind.Parquet)]
    [InlineData(FileKind.Arrow)]
    public void Write_SameTable_GivesTheSameBytes(FileKind format)
    {
        Directory.CreateDirectory(_folder["a"]);
        Directory.CreateDirectory(_folder["b"]);

        PartFiles.Write(_folder["a"], Table(), format, isTest: false, default);
        PartFiles.Write(_folder["b"], Table(), format, isTest: false, default);

        Assert.Equal(PartFiles.Hash(_folder["a"]), PartFiles.Hash(_folder["b"]));
    }

    [Fact]
    public void Slice_MiddleOfATable_HasTheRowsOfTheTable()
    {
        var n = 40;
        var valid = Enumerable.Range(0, n).Select(i => i % 3 != 0).ToArray();
        var table = new RecordBatch(new Schema([new Field("t", ArrowType.Utf8), new Field("b", ArrowType.Bool), new Field("l", ArrowType.Int64)]),
            [
                ArrowArrays.Utf8(Enumerable.Range(0, n).Select(i => i % 5 == 0 ? null : new string('x', i))),
                ArrowArrays.Bool([.. Enumerable.Range(0, n).Select(i => i % 2 == 0)]),
                ArrowArrays.Int64([.. Enumerable.Range(0, n).Select(i => (long)i)], valid),
            ], n);

        var slice = BatchSlice.Of(table, 16, 13);

        for (var i = 0; i < slice.Length; i++)
        {
            Assert.Equal(table.Columns[0].IsNull(16 + i), slice.Columns[0].IsNull(i));
            Assert.Equal(table.Columns[0].BytesAt(16 + i).Length, slice.Columns[0].BytesAt(i).Length);
            Assert.Equal(table.Columns[1].BoolAt(16 + i), slice.Columns[1].BoolAt(i));
            Assert.Equal(valid[16 + i] ? 16 + i : null, slice.Columns[2].IsNull(i) ? null : (long?)slice.Columns[2].ValuesAs<long>()[i]);
        }

        Assert.Equal(valid.Skip(16).Take(13).Count(v => !v), slice.Columns[2].NullCount);
    }

    private static string Stage(OutputFolder output)
    {
        var stage = output.CreateStage(Id);
        PartFiles.Write(stage, Table(), FileKind.Csv, isTest: false, default);
        File.WriteAllBytes(Path.Combine(stage, OutputFolder.RecordName), s_record);
        return PartFiles.Hash(stage)!;
    }

    private static RecordBatch Table() => new(new Schema([new Field("day", ArrowType.Int64), new Field("n", ArrowType.Double)]), [ArrowArrays.Int64([1, 2]), ArrowArrays.Double([3.5, 4])], 2);

    private static IEnumerable<string> Names(string folder) => Directory.EnumerateFileSystemEntries(folder).Select(p => Path.GetFileName(p)).Order(StringComparer.Ordinal);

    private static string Sha(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
