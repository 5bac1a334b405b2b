using System.Globalization;
using System.Net;

namespace DpSpark.Connect;

/// <summary>Where a Spark Connect server is and how to show oneself there: the parsed form of <c>sc://host:port/;key=value</c>.</summary>
public sealed class ConnectEndpoint
{
    private const int DefaultPort = 15002;
    private const int MaxUserAgent = 2048;

    private ConnectEndpoint(string host, int port, Dictionary<string, string> keys, string? environmentToken)
    {
        Host = host;
        Port = port;
        Token = keys.GetValueOrDefault("token", environmentToken ?? "") is { Length: > 0 } token ? token : null;
        User = keys.GetValueOrDefault("user_id") is { Length: > 0 } user ? user : "dpspark";
        UserAgent = keys.GetValueOrDefault("user_agent") is { Length: > 0 } agent ? agent : "dpspark";
        SessionId = keys.GetValueOrDefault("session_id");
        IsLoopback = host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip);
        UseTls = keys.TryGetValue("use_ssl", out var ssl) ? ssl.Equals("true", StringComparison.OrdinalIgnoreCase) : Token is not null && !IsLoopback;
        Headers = keys.Where(k => !IsKnown(k.Key)).ToDictionary(k => k.Key.ToLowerInvariant(), k => k.Value);
    }

    /// <summary>Host name or address.</summary>
    public string Host { get; }

    /// <summary>TCP port.</summary>
    public int Port { get; }

    /// <summary>Whether the host is this machine.</summary>
    public bool IsLoopback { get; }

    /// <summary>Whether the connection is encrypted. Unless said otherwise it is where a token travels to another machine.</summary>
    public bool UseTls { get; }

    /// <summary>The user that the session belongs to; the server takes our word for it.</summary>
    public string User { get; }

    /// <summary>Session id from the string, or null for a new session.</summary>
    public string? SessionId { get; }

    internal string? Token { get; }

    internal string UserAgent { get; }

    internal IReadOnlyDictionary<string, string> Headers { get; }

    internal Uri Base => new($"{(UseTls ? "https" : "http")}://{Host}:{Port.ToString(CultureInfo.InvariantCulture)}");

    /// <summary>Parses a connection string.</summary>
    /// <param name="text"><c>sc://host[:port][/;key=value[;key=value…]]</c>; values are percent-encoded.</param>
    /// <param name="environmentToken">Used where the string has no token; by convention <c>SPARK_CONNECT_AUTHENTICATE_TOKEN</c>.</param>
    /// <exception cref="FormatException">The string is not a connection string. The message never repeats a value of it.</exception>
    public static ConnectEndpoint Parse(string text, string? environmentToken = null)
    {
        const string Scheme = "sc://";
        if (!text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            throw new FormatException("A Spark Connect string starts with sc://, as in sc://host:15002/;use_ssl=true.");
        }

        var rest = text[Scheme.Length..];
        var end = rest.IndexOfAny(['/', ';', '?', '#']);
        var authority = end < 0 ? rest : rest[..end];
        var tail = end < 0 ? "" : rest[end..];
        var (host, port) = Authority(authority);
        if (tail.Length > 0 && tail != "/" && !tail.StartsWith("/;", StringComparison.Ordinal))
        {
            throw new FormatException("After host and port of a Spark Connect string comes nothing, or /; and key=value pairs parted by semicolons.");
        }

        var endpoint = new ConnectEndpoint(host, port, Keys(tail), environmentToken);
        endpoint.Check();
        return endpoint;
    }

    /// <summary>Host and port; nothing secret.</summary>
    public override string ToString() => Host + ":" + Port.ToString(CultureInfo.InvariantCulture);

    private static (string Host, int Port) Authority(string authority)
    {
        if (authority.Contains('@', StringComparison.Ordinal))
        {
            throw new FormatException("A Spark Connect string takes no user name before the host; use ;token=… or ;user_id=….");
        }

        var colon = authority.LastIndexOf(':');
        var bracket = authority.LastIndexOf(']');
        var (host, portText) = colon > bracket ? (authority[..colon], authority[(colon + 1)..]) : (authority, null);
        var port = DefaultPort;
        if (portText is not null && (!int.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > 65535))
        {
            throw new FormatException("The port of a Spark Connect string is a number from 1 to 65535.");
        }

        return Uri.CheckHostName(host.Trim('[', ']')) == UriHostNameType.Unknown
            ? throw new FormatException("A Spark Connect string needs a host name or an address, as in sc://host:15002.")
            : (host, port);
    }

    private static Dictionary<string, string> Keys(string tail)
    {
        Dictionary<string, string> keys = [];
        foreach (var pair in tail.TrimStart('/').Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new FormatException("A Spark Connect string has a part that is not key=value.");
            }

            var key = Uri.UnescapeDataString(pair[..equals]);
            if (!keys.TryAdd(key, Uri.UnescapeDataString(pair[(equals + 1)..])))
            {
                throw new FormatException("A Spark Connect string has the same key twice.");
            }
        }

        return keys;
    }

    private static bool IsKnown(string key) => key is "token" or "use_ssl" or "user_id" or "user_agent" or "session_id"
        || key.StartsWith("grpc_keepalive_", StringComparison.Ordinal);

    private void Check()
    {
        if (Token is not null && !UseTls && !IsLoopback)
        {
            throw new FormatException("A token would travel in clear text to another machine; drop use_ssl=false from the Spark Connect string.");
        }

        if (SessionId is not null && !Guid.TryParseExact(SessionId, "D", out _))
        {
            throw new FormatException("session_id of a Spark Connect string is a UUID.");
        }

        if (UserAgent.Length > MaxUserAgent)
        {
            throw new FormatException("user_agent of a Spark Connect string is at most 2048 bytes.");
        }

        if (!IsHeaderText(UserAgent) || Token is not null && !IsHeaderText(Token)
            || Headers.Any(h => !h.Key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') || !IsHeaderText(h.Value)))
        {
            throw new FormatException("A Spark Connect string has a key or value that cannot be a header: printable ASCII only.");
        }
    }

    private static bool IsHeaderText(string text) => text.All(c => c is >= ' ' and <= '~');
}
