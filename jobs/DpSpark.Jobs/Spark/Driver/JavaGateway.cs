using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using DpSpark.Core;

namespace DpSpark.Jobs.Spark.Driver;

/// <summary>
/// Calls methods in the JVM that started this process, through the gateway that Spark opens for programs that are not of the JVM: commands and answers of lines of text, as Py4J 0.10 speaks them.
/// Only what is needed to start a Connect server: static and instance calls, static fields, texts, whole numbers, truth values and references.
/// </summary>
/// <remarks>One call at a time. What the JVM throws is passed on by the name of its class alone: texts may hold anything.</remarks>
internal sealed class JavaGateway : IDisposable
{
    private const int LongestAnswer = 1 << 20;
    private const string End = "e\n";

    private readonly TcpClient _client;
    private readonly Stream _stream;
    private readonly byte[] _buffer = new byte[4096];
    private int _at;
    private int _filled;

    private JavaGateway(TcpClient client)
    {
        _client = client;
        _stream = client.GetStream();
    }

    /// <summary>Connects and shows the secret.</summary>
    /// <param name="port">Port on loopback.</param>
    /// <param name="secret">What the JVM gave this process to show.</param>
    /// <param name="patience">Longest wait for an answer.</param>
    /// <exception cref="DpSparkException">Nobody is there, or the secret is not taken (DPS6016).</exception>
    public static JavaGateway Connect(int port, string secret, TimeSpan patience)
    {
        var client = new TcpClient { NoDelay = true, ReceiveTimeout = (int)patience.TotalMilliseconds, SendTimeout = (int)patience.TotalMilliseconds };
        try
        {
            client.Connect(IPAddress.Loopback, port);
            var gateway = new JavaGateway(client);
            gateway.Ask("A\n" + Escape(secret) + "\n");
            return gateway;
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            client.Dispose();
            throw Lost(e);
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Calls a static method.</summary>
    /// <param name="type">Full name of the class.</param>
    /// <param name="method">The method.</param>
    /// <param name="arguments">Texts, ints, bools, references or null.</param>
    public object? CallStatic(string type, string method, params object?[] arguments) => Ask(Command("z:" + type, method, arguments));

    /// <summary>Calls a method of an object.</summary>
    /// <param name="target">The object.</param>
    /// <param name="method">The method.</param>
    /// <param name="arguments">Texts, ints, bools, references or null.</param>
    public object? Call(JavaReference target, string method, params object?[] arguments) => Ask(Command(target.Id, method, arguments));

    /// <summary>A call whose result is an object.</summary>
    public JavaReference CallForObject(JavaReference target, string method, params object?[] arguments) => Call(target, method, arguments) as JavaReference ?? throw Unexpected(null);

    /// <summary>Reads a public static field that holds an object.</summary>
    /// <param name="type">Full name of the class.</param>
    /// <param name="field">The field.</param>
    public JavaReference StaticField(string type, string field) => Ask($"r\nm\n{Escape(type)}\n{Escape(field)}\n{End}") as JavaReference ?? throw Unexpected(null);

    /// <summary>Waits until the JVM closes the connection, or ends.</summary>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>Whether it did.</returns>
    public async Task<bool> GoneAsync(CancellationToken cancellation)
    {
        try
        {
            while (await _stream.ReadAsync(_buffer, cancellation).ConfigureAwait(false) > 0)
            {
            }

            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return !cancellation.IsCancellationRequested;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    /// <summary>The text of a call.</summary>
    internal static string Command(string target, string method, object?[] arguments)
    {
        var text = new StringBuilder("c\n").Append(Escape(target)).Append('\n').Append(Escape(method)).Append('\n');
        foreach (var argument in arguments)
        {
            text.Append(argument switch
            {
                null => "n",
                string s => "s" + Escape(s),
                bool b => b ? "bTrue" : "bFalse",
                int i => string.Create(CultureInfo.InvariantCulture, $"i{i}"),
                JavaReference r => "r" + r.Id,
                _ => throw new ArgumentException("The gateway takes no argument of this type.", nameof(arguments)),
            }).Append('\n');
        }

        return text.Append(End).ToString();
    }

    /// <summary>What an answer of one line holds. An error gives its class, where the JVM threw one.</summary>
    internal object? Read(string answer)
    {
        if (answer.StartsWith("!y", StringComparison.Ordinal) && answer.Length > 2)
        {
            var value = answer[3..];
            return answer[2] switch
            {
                'v' or 'n' => null,
                's' => Unescape(value),
                'b' => value.Equals("true", StringComparison.OrdinalIgnoreCase),
                'i' or 'L' when long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => number,
                'r' when value.Length > 1 && value.All(char.IsAsciiLetterOrDigit) => new JavaReference(value),
                _ => throw Unexpected(null),
            };
        }

        if (answer.StartsWith("!xr", StringComparison.Ordinal) && answer.Length > 3)
        {
            throw Unexpected(ClassOf(new JavaReference(answer[3..])));
        }

        throw Unexpected(null);
    }

    private string? ClassOf(JavaReference thrown)
    {
        try
        {
            var name = Ask(Command(thrown.Id, "getClass", [])) is JavaReference type ? Ask(Command(type.Id, "getName", [])) as string : null;
            return name is { Length: > 0 and < 200 } && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '$' or '_') ? name : null;
        }
        catch (DpSparkException)
        {
            return null;
        }
    }

    private object? Ask(string command)
    {
        string answer;
        try
        {
            _stream.Write(Encoding.UTF8.GetBytes(command));
            answer = ReadLine();
        }
        catch (IOException e)
        {
            throw Lost(e);
        }

        return Read(answer);
    }

    private string ReadLine()
    {
        var line = new MemoryStream();
        while (true)
        {
            if (_at == _filled)
            {
                _filled = _stream.Read(_buffer);
                _at = 0;
                if (_filled == 0)
                {
                    throw new EndOfStreamException();
                }
            }

            var rest = _buffer.AsSpan(_at, _filled - _at);
            var end = rest.IndexOf((byte)'\n');
            line.Write(end < 0 ? rest : rest[..end]);
            _at += end < 0 ? rest.Length : end + 1;
            if (line.Length > LongestAnswer)
            {
                throw Unexpected(null);
            }

            if (end >= 0)
            {
                return Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length);
            }
        }
    }

    private static string Escape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Unescape(string text)
    {
        if (!text.Contains('\\', StringComparison.Ordinal))
        {
            return text;
        }

        var plain = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            plain.Append(text[i] != '\\' || i + 1 == text.Length ? text[i] : text[++i] switch { 'n' => '\n', 'r' => '\r', var c => c });
        }

        return plain.ToString();
    }

    private static DpSparkException Lost(Exception e) => new("DPS6016", ExitCodes.Environment, "the Spark driver that started this program is not there any more.", "The application was ended, or its driver failed; the driver's log says more.",
        ["run again: a reservation that was made continues, with the same noise"], e);

    private static DpSparkException Unexpected(string? thrown) => new("DPS6016", ExitCodes.Environment,
        thrown is null ? "the Spark driver that started this program answered what was not expected." : $"the Spark driver that started this program failed: {thrown}.", "It is asked to start a Spark Connect server for the job; its log says more.",
        ["check that Spark is of version 4.0 to 4.3 and has Spark Connect (jars/spark-connect_2.13-*.jar)", "see the driver's log"]);
}
