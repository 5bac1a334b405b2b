using System.Net;
using System.Net.Sockets;
using System.Text;
using DpSpark.Core;
using DpSpark.Jobs.Spark.Driver;
using DpSpark.Tests.Running;

namespace DpSpark.Tests.Cli;

/// <summary>The gateway of a Spark driver, by a scripted one: lines as Py4J speaks them.</summary>
public sealed class JavaGatewayTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<string> _heard = [];

    public JavaGatewayTests() => _listener.Start();

    private int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Calls_OfEveryKind_AreTheLinesOfTheProtocol()
    {
        var peer = AnswerAsync("!yv", "!yro0", "!yro1", "!yi15002", "!ysa\\nb\\\\c", "!ybtrue", "!yro7", "!yn");
        using (var gateway = JavaGateway.Connect(Port, "secret", TimeSpan.FromSeconds(30)))
        {
            var builder = Assert.IsType<JavaReference>(gateway.CallStatic("a.B", "builder"));
            Assert.Equal("o1", gateway.CallForObject(builder, "config", "k\n\\", true, 5, null).Id);
            Assert.Equal(15002L, gateway.Call(builder, "port"));
            Assert.Equal("a\nb\\c", gateway.Call(builder, "text"));
            Assert.Equal(true, gateway.Call(builder, "is"));
            Assert.Equal("o7", gateway.StaticField("a.B$", "MODULE$").Id);
            Assert.Null(gateway.Call(builder, "set", new JavaReference("o7")));
        }

        await peer;
        Assert.Equal(
            ["A\nsecret\n", "c\nz:a.B\nbuilder\ne\n", "c\no0\nconfig\nsk\\n\\\\\nbTrue\ni5\nn\ne\n", "c\no0\nport\ne\n", "c\no0\ntext\ne\n", "c\no0\nis\ne\n", "r\nm\na.B$\nMODULE$\ne\n", "c\no0\nset\nro7\ne\n"],
            _heard);
    }

    [Fact]
    public async Task Call_ThatThrows_GivesTheClassAndNoText()
    {
        var peer = AnswerAsync("!yv", "!xro3", "!yro4", "!ysorg.apache.spark.SparkException");
        DpSparkException fault;
        using (var gateway = JavaGateway.Connect(Port, "secret", TimeSpan.FromSeconds(30)))
        {
            fault = Assert.Throws<DpSparkException>(() => gateway.CallStatic("a.B", "start"));
        }

        await peer;
        Assert.Equal(("DPS6016", ExitCodes.Environment), (fault.Code, fault.ExitCode));
        Assert.Contains("org.apache.spark.SparkException", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("!y")]
    [InlineData("!x")]
    [InlineData("!xsa row with a secret in it")]
    [InlineData("!yq1")]
    [InlineData("!yi99999999999999999999")]
    [InlineData("!yr")]
    [InlineData("!yro1\rc")]
    [InlineData("HTTP/1.1 400 Bad Request")]
    [InlineData(null)]
    public async Task Answer_ThatIsNone_IsAFaultWithoutItsText(string? answer)
    {
        var peer = answer is null ? AnswerAsync("!yv") : AnswerAsync("!yv", answer);
        DpSparkException fault;
        using (var gateway = JavaGateway.Connect(Port, "secret", TimeSpan.FromSeconds(30)))
        {
            fault = Assert.Throws<DpSparkException>(() => gateway.CallStatic("a.B", "start"));
        }

        await peer;
        Assert.Equal("DPS6016", fault.Code);
        Assert.DoesNotContain("secret", fault.Message + fault.Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_WithoutEnd_IsCutOffAtALimit()
    {
        var peer = AnswerAsync("!yv", "!ys" + new string('x', 3 << 20));
        using (var gateway = JavaGateway.Connect(Port, "secret", TimeSpan.FromSeconds(30)))
        {
            Assert.Throws<DpSparkException>(() => gateway.CallStatic("a.B", "start"));
        }

        await peer;
    }

    [Fact]
    public async Task Program_StartedBySpark_StartsTheServerRunsAndStopsSpark()
    {
        using var folder = new TempFolder();
        var main = AnswerAsync(["!yv", "!yro0", "!yro1", "!yro2", "!yro3", "!yro4", "!yro5", "!yro6", "!yro7", "!yro8", "!yv", "!yi15002", "!yro9", "!yro10", "!yv", "!yv"], "!yv");
        var environment = new Dictionary<string, string> { ["PYSPARK_GATEWAY_PORT"] = Port.ToString(System.Globalization.CultureInfo.InvariantCulture), ["PYSPARK_GATEWAY_SECRET"] = "secret" };

        var run = CommandLineRun.With(folder.Path, environment, "/opt/dpspark/dpspark.py", "validate", "missing.yml");

        await main;
        Assert.Equal(ExitCodes.Usage, run.Code);
        Assert.Contains(_heard, l => l.StartsWith("c\no0\nconfig\nsspark.connect.grpc.binding.address\ns127.0.0.1\n", StringComparison.Ordinal));
        Assert.Equal("c\no8\nstart\nro7\ne\n", _heard[10]);
        Assert.Equal(["c\no10\nstop\nro9\nro9\ne\n", "c\no6\nstop\ne\n"], _heard[^2..]);
        Assert.DoesNotContain("secret", run.Out + run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x", "secret")]
    [InlineData("99999", "secret")]
    [InlineData("1", "")]
    [InlineData("1", "secret")]
    public void Program_StartedBySparkWithoutAWayToIt_EndsWith7(string port, string secret)
    {
        using var folder = new TempFolder();

        var run = CommandLineRun.With(folder.Path, new Dictionary<string, string> { ["PYSPARK_GATEWAY_PORT"] = port, ["PYSPARK_GATEWAY_SECRET"] = secret }, "dpspark.py", "validate");

        Assert.Equal(ExitCodes.Environment, run.Code);
        Assert.Contains("DPS6016", run.Error, StringComparison.Ordinal);
    }

    private Task AnswerAsync(params string[] answers) => AnswerAsync(answers, null);

    /// <summary>Takes one connection and answers each command by a line, then closes; a second one, if it is to be taken, stays open until the first has ended.</summary>
    private async Task AnswerAsync(string[] answers, string? second)
    {
        using var first = await _listener.AcceptTcpClientAsync();
        var stream = first.GetStream();
        TcpClient? watch = null;
        try
        {
            foreach (var answer in answers)
            {
                if (await HearAsync(stream) is not { } command)
                {
                    return;
                }

                _heard.Add(command);
                await stream.WriteAsync(Encoding.UTF8.GetBytes(answer + "\n"));
                if (second is not null && watch is null && answer == "!yi15002")
                {
                    watch = await _listener.AcceptTcpClientAsync();
                    Assert.Equal("A\nsecret\n", await HearAsync(watch.GetStream()));
                    await watch.GetStream().WriteAsync(Encoding.UTF8.GetBytes(second + "\n"));
                }
            }
        }
        catch (IOException)
        {
            // The other side had enough.
        }
        finally
        {
            watch?.Dispose();
        }
    }

    /// <summary>One command: two lines that show the secret, or lines up to the one that ends it.</summary>
    private static async Task<string?> HearAsync(NetworkStream stream)
    {
        var text = new StringBuilder();
        var one = new byte[1];
        while (await stream.ReadAsync(one) > 0)
        {
            text.Append((char)one[0]);
            var heard = text.ToString();
            if (heard.StartsWith("A\n", StringComparison.Ordinal) ? heard.Count(c => c == '\n') == 2 : heard.EndsWith("\ne\n", StringComparison.Ordinal))
            {
                return heard;
            }
        }

        return null;
    }
}
