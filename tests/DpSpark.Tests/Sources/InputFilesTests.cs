using DpSpark.Core;
using DpSpark.Jobs.Sources;
using DpSpark.Tests.Running;

namespace DpSpark.Tests.Sources;

public sealed class InputFilesTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public InputFilesTests()
    {
        foreach (var name in new[] { "b.csv", "a.csv", "_c.csv", ".d.csv", "day=1/x.csv", "day=2/y.csv", "day=2/_SUCCESS", "_tmp/z.csv", "deep/one/two/w.parquet" })
        {
            _folder.Write(name, "x\n1\n");
        }
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a.csv", "a.csv")]
    [InlineData("_c.csv", "_c.csv")]
    [InlineData("*.csv", "a.csv b.csv")]
    [InlineData("?.csv", "a.csv b.csv")]
    [InlineData("_*.csv", "_c.csv")]
    [InlineData("day=*/*.csv", "day=1/x.csv day=2/y.csv")]
    [InlineData("day=2", "day=2/y.csv")]
    [InlineData("day=*", "day=1/x.csv day=2/y.csv")]
    [InlineData("**/*.parquet", "deep/one/two/w.parquet")]
    [InlineData("**/*.csv", "a.csv b.csv day=1/x.csv day=2/y.csv")]
    [InlineData(".", "a.csv b.csv day=1/x.csv day=2/y.csv deep/one/two/w.parquet")]
    public void Find_Path_GivesTheFilesThatCountInNameOrder(string path, string expected)
    {
        var found = InputFiles.Find([path], _folder.Path);

        Assert.Equal(expected.Split(' '), found.Select(f => f.Name));
    }

    [Fact]
    public void Find_List_GivesEachFileOnceInNameOrder()
    {
        var found = InputFiles.Find(["b.csv", "*.csv", "day=1"], _folder.Path);

        Assert.Equal(["a.csv", "b.csv", "day=1/x.csv"], found.Select(f => f.Name));
    }

    [Theory]
    [InlineData("missing.csv")]
    [InlineData("*.orc")]
    [InlineData("nowhere/*.csv")]
    public void Find_NothingMatches_IsAContractFault(string path)
    {
        var fault = Assert.Throws<DpSparkException>(() => InputFiles.Find([path], _folder.Path));

        Assert.Equal(("DPS5101", ExitCodes.Contract), (fault.Code, fault.ExitCode));
    }

    [Fact]
    public void Find_OneEntryOfAListMatchesNothing_IsAContractFault()
    {
        var fault = Assert.Throws<DpSparkException>(() => InputFiles.Find(["a.csv", "late.csv"], _folder.Path));

        Assert.Contains("late.csv", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Find_RemoteStorage_IsNotSupportedYet()
    {
        var fault = Assert.Throws<DpSparkException>(() => InputFiles.Find(["s3a://bucket/x.csv"], _folder.Path));

        Assert.Equal(ExitCodes.Usage, fault.ExitCode);
    }

    [Fact]
    public void Fingerprint_SameBytesInOtherFiles_IsTheSame()
    {
        using var other = new TempFolder();
        other.Write("1.csv", "x\n1\n");
        other.Write("2.csv", "x\n1\n");

        var here = InputFingerprint.Compute(InputFiles.Find(["*.csv"], _folder.Path), 2, default);
        var there = InputFingerprint.Compute(InputFiles.Find(["*.csv"], other.Path), 1, default);

        Assert.Equal(here, there);
    }

    [Fact]
    public void Fingerprint_OneByteOrOneCutChanged_IsAnother()
    {
        var before = InputFingerprint.Compute(InputFiles.Find(["*.csv"], _folder.Path), 2, default);
        _folder.Write("b.csv", "x\n2\n");
        var changed = InputFingerprint.Compute(InputFiles.Find(["*.csv"], _folder.Path), 2, default);
        _folder.Write("b.csv", "x\n1");
        _folder.Write("a.csv", "\nx\n1\n");
        var cut = InputFingerprint.Compute(InputFiles.Find(["*.csv"], _folder.Path), 2, default);

        Assert.Equal(3, new[] { before, changed, cut }.Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public void Fingerprint_FileOfSeveralBlocks_DoesNotDependOnThreads()
    {
        var content = new byte[(40 << 20) + 17];
        new Random(5).NextBytes(content);
        _folder.Write("big.bin", content);
        var files = InputFiles.Find(["big.bin"], _folder.Path);

        Assert.Equal(InputFingerprint.Compute(files, 1, default), InputFingerprint.Compute(files, 4, default));
    }

    [Fact]
    public void EnsureUnchanged_FileGrewOrVanished_EndsTheRunSafely()
    {
        var files = InputFiles.Find(["a.csv"], _folder.Path);
        InputFingerprint.EnsureUnchanged(files);
        File.AppendAllText(_folder["a.csv"], "2\n");
        var grew = Assert.Throws<DpSparkException>(() => InputFingerprint.EnsureUnchanged(files));
        File.Delete(_folder["a.csv"]);
        var vanished = Assert.Throws<DpSparkException>(() => InputFingerprint.EnsureUnchanged(files));

        Assert.Equal((ExitCodes.FailedSafe, ExitCodes.FailedSafe), (grew.ExitCode, vanished.ExitCode));
    }

    [Fact]
    public void Compute_Cancelled_Stops()
    {
        Assert.ThrowsAny<OperationCanceledException>(() => InputFingerprint.Compute(InputFiles.Find(["a.csv"], _folder.Path), 2, new CancellationToken(canceled: true)));
    }
}
