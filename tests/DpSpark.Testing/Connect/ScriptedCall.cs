using System.Buffers.Binary;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace DpSpark.Testing.Connect;

/// <summary>One call to a <see cref="ScriptedConnectServer"/>, and the ways to answer it well or badly.</summary>
public sealed class ScriptedCall
{
    private readonly HttpContext _http;
    private bool _headSent;

    internal ScriptedCall(HttpContext http, string method, byte[] body)
    {
        _http = http;
        Method = method;
        Headers = http.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        Messages = Split(body);
    }

    /// <summary>The method's name.</summary>
    public string Method { get; }

    /// <summary>Headers of the request.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; }

    /// <summary>Messages of the request, without their prefixes.</summary>
    public IReadOnlyList<byte[]> Messages { get; }

    /// <summary>Sends one message.</summary>
    /// <param name="message">Its bytes.</param>
    public async Task SendAsync(byte[] message)
    {
        var frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        await SendRawAsync(frame).ConfigureAwait(false);
    }

    /// <summary>Sends bytes as they are.</summary>
    /// <param name="bytes">Part of a body.</param>
    public async Task SendRawAsync(byte[] bytes)
    {
        Head("application/grpc");
        await _http.Response.Body.WriteAsync(bytes).ConfigureAwait(false);
        await _http.Response.Body.FlushAsync().ConfigureAwait(false);
    }

    /// <summary>Ends the call with a status in the trailers, or in the headers where nothing was sent yet.</summary>
    /// <param name="code">gRPC status code.</param>
    /// <param name="message">Text; percent-encoded here.</param>
    /// <param name="details">Status details; null for none.</param>
    public void Fail(int code, string message = "", byte[]? details = null) => End(code.ToString(CultureInfo.InvariantCulture), message, details);

    /// <summary>Ends the call well.</summary>
    public void Finish() => End("0", "", null);

    /// <summary>Ends the call with any text as its status, or none.</summary>
    /// <param name="status">The status; null to leave it out.</param>
    public void EndWith(string? status)
    {
        Head("application/grpc");
        if (status is not null)
        {
            _http.Features.Get<IHttpResponseTrailersFeature>()!.Trailers["grpc-status"] = status;
        }
    }

    /// <summary>Answers as a proxy or some other server would.</summary>
    /// <param name="status">HTTP status.</param>
    /// <param name="contentType">Type of the body.</param>
    public void AnswerHttp(int status, string contentType = "text/html")
    {
        _http.Response.StatusCode = status;
        _http.Response.ContentType = contentType;
    }

    /// <summary>Breaks the stream off, as a lost connection would.</summary>
    public void Disconnect() => _http.Abort();

    /// <summary>Sends the head of the answer and then nothing, until the client goes away.</summary>
    /// <param name="reached">Set when the stall begins.</param>
    public async Task StallAsync(TaskCompletionSource? reached = null)
    {
        Head("application/grpc");
        await _http.Response.Body.FlushAsync().ConfigureAwait(false);
        var gone = new TaskCompletionSource();
        using var _ = _http.RequestAborted.Register(gone.SetResult);
        reached?.TrySetResult();
        await gone.Task.ConfigureAwait(false);
    }

    private static List<byte[]> Split(byte[] body)
    {
        List<byte[]> messages = [];
        for (var at = 0; at < body.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(at + 1));
            messages.Add(body.AsSpan(at + 5, length).ToArray());
            at += 5 + length;
        }

        return messages;
    }

    private void End(string status, string message, byte[]? details)
    {
        Dictionary<string, string> ends = new() { ["grpc-status"] = status };
        if (message.Length > 0)
        {
            ends["grpc-message"] = Uri.EscapeDataString(message);
        }

        if (details is not null)
        {
            ends["grpc-status-details-bin"] = Convert.ToBase64String(details).TrimEnd('=');
        }

        var headers = _headSent ? _http.Features.Get<IHttpResponseTrailersFeature>()!.Trailers : _http.Response.Headers;
        Head("application/grpc");
        foreach (var (name, value) in ends)
        {
            headers[name] = value;
        }
    }

    private void Head(string contentType)
    {
        if (!_headSent)
        {
            _headSent = true;
            _http.Response.ContentType = contentType;
        }
    }
}
