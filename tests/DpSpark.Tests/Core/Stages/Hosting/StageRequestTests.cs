using System.Text;
using DpSpark.Core;
using DpSpark.Core.Stages.Hosting;
using DpSpark.Tests.Engine.Local;

namespace DpSpark.Tests.Core.Stages.Hosting;

public sealed class StageRequestTests
{
    private static readonly byte[] s_key = new byte[16];

    [Fact]
    public void FromBytes_OfToBytes_IsTheSameRequest()
    {
        var request = new StageRequest { Step = StageStep.Release, Spec = new EngineCase { L0 = 2 }.Spec(), Secret = new byte[32], ReleaseId = [1, 2], EmitKey = true, MemoryBytes = 1 << 26 };

        var bytes = request.ToBytes();

        Assert.Equal(bytes, StageRequest.FromBytes(bytes).ToBytes());
    }

    [Fact]
    public void ToBytes_OfRelease_BeginsWithNothingSecret()
    {
        var bytes = new StageRequest { Step = StageStep.Release, Spec = new EngineCase { L0 = 2 }.Spec(), Secret = new byte[32], ReleaseId = [1] }.ToBytes();

        Assert.StartsWith("{\"version\":2,\"step\":\"Release\"", Encoding.UTF8.GetString(bytes));
    }

    [Fact]
    public void ToBytes_SecretForAnotherStep_IsRefused()
    {
        var request = new StageRequest { Step = StageStep.Bound, Spec = new EngineCase { L0 = 2 }.Spec(), BoundKey = s_key, Secret = new byte[32], ReleaseId = [1] };

        var fault = Assert.Throws<DpSparkException>(request.ToBytes);

        Assert.Equal("DPS6404", fault.Code);
    }

    [Theory]
    [InlineData("../keys")]
    [InlineData("/etc/keys")]
    [InlineData("..")]
    [InlineData("")]
    public void ToBytes_KeysetFileInAFolder_IsRefused(string name)
    {
        var request = new StageRequest { Step = StageStep.Project, Spec = new EngineCase { L0 = 2, Keyset = true }.Spec(), KeysetFile = name, KeysetSha256 = new byte[32] };

        Assert.Equal("DPS6404", Assert.Throws<DpSparkException>(request.ToBytes).Code);
    }

    [Theory]
    [InlineData("{\"version\":3,\"step\":\"Fly\",\"more\":[1]}", "DPS7005")]
    [InlineData("{\"version\":1,\"step\":\"Echo\"}", "DPS7005")]
    [InlineData("{\"version\":2,\"step\":\"Fly\"}", "DPS6404")]
    [InlineData("{\"version\":2,\"step\":\"Bound\"}", "DPS6404")]
    [InlineData("{\"kernel\": \"identity\"}", "DPS6404")]
    [InlineData("null", "DPS6404")]
    [InlineData("", "DPS6404")]
    public void FromBytes_OtherText_SaysWhatToDo(string text, string code)
    {
        var json = Encoding.UTF8.GetBytes(text);
        foreach (var bytes in new[] { json, StageRequest.Seal(json) })
        {
            var fault = Assert.Throws<DpSparkException>(() => StageRequest.FromBytes(bytes));

            Assert.Equal(code, fault.Code);
            Assert.NotEmpty(fault.Fixes);
        }
    }

    [Fact]
    public void FromBytes_AnyBitChanged_IsRefused()
    {
        var bytes = new StageRequest { Step = StageStep.Release, Spec = new EngineCase { L0 = 2 }.Spec(), Secret = new byte[32], ReleaseId = [1, 2] }.ToBytes();
        for (var at = 0; at < bytes.Length; at++)
        {
            bytes[at] ^= (byte)(1 << (at % 8));

            // The digit of the version is looked at first.
            Assert.Contains(Assert.Throws<DpSparkException>(() => StageRequest.FromBytes(bytes)).Code, new[] { "DPS6404", "DPS7005" });
            bytes[at] ^= (byte)(1 << (at % 8));
        }

        Assert.Throws<DpSparkException>(() => StageRequest.FromBytes(bytes.AsSpan()[..^1]));
        Assert.Throws<DpSparkException>(() => StageRequest.FromBytes([.. bytes, (byte)' ']));
    }

    [Fact]
    public void KeysetFile_ReadOfWrite_IsTheSame()
    {
        var keys = new EngineCase { Keyset = true }.KeysetKeys()!;

        Assert.Equal(keys, KeysetFile.Read(KeysetFile.Write(keys)));
        Assert.Throws<DpSparkException>(() => KeysetFile.Read(KeysetFile.Write(keys).AsSpan()[..^1]));
    }
}
