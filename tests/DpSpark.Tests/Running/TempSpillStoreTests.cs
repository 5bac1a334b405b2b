using DpSpark.Core;
using DpSpark.Jobs.Running;

namespace DpSpark.Tests.Running;

public sealed class TempSpillStoreTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Create_File_CanBeReadBackAndIsGoneAfterwards()
    {
        using (var store = TempSpillStore.Open(_folder.Path))
        {
            using var file = store.Create();
            file.Write("rows"u8);
            file.Position = 0;
            Assert.Equal('r', file.ReadByte());
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [SkippableFact]
    public void Create_OnUnix_LeavesNothingThatOthersCanReadOrThatAKilledProcessLeaves()
    {
        Skip.If(OperatingSystem.IsWindows(), "skipped: Unix rights");
        using var store = TempSpillStore.Open(_folder.Path);
        using var file = store.Create();

        Assert.Equal(["owner.lock"], Directory.EnumerateFileSystemEntries(store.Folder).Select(p => Path.GetFileName(p)));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(store.Folder));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file.SafeFileHandle));
        }
    }

    [Fact]
    public void Open_FolderOfADeadOwner_IsSwept()
    {
        var dead = _folder[$"dpspark-12345-{Guid.NewGuid():N}"];
        Directory.CreateDirectory(dead);
        File.WriteAllText(Path.Combine(dead, "owner.lock"), "");
        File.WriteAllText(Path.Combine(dead, "1.spill"), "rows");

        using var store = TempSpillStore.Open(_folder.Path);

        Assert.False(Directory.Exists(dead));
    }

    [Fact]
    public void Open_FoldersOfLivingOwnersAndOthers_Stay()
    {
        Directory.CreateDirectory(_folder["dpspark-mine"]);
        using var first = TempSpillStore.Open(_folder.Path);

        using var second = TempSpillStore.Open(_folder.Path);

        Assert.True(Directory.Exists(first.Folder));
        Assert.True(Directory.Exists(_folder["dpspark-mine"]));
    }

    [Fact]
    public void Open_NoSuchFolder_IsAFaultOfTheEnvironment()
    {
        var fault = Assert.Throws<DpSparkException>(() => TempSpillStore.Open(_folder["missing"]));

        Assert.Equal(ExitCodes.Environment, fault.ExitCode);
    }
}
