using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;

namespace DpSpark.Connect.Transport;

/// <summary>gRPC calls over one HTTP/2 connection pool. Knows frames, statuses and deadlines; nothing of sessions or retries.</summary>
internal sealed class GrpcChannel : IDisposable
{
    private const string Service = "/spark.connect.SparkConnectService/";

    private readonly ConnectEndpoint _endpoint;
    private readonly ConnectOptions _options;
    private readonly HttpMessageInvoker _http;

    public GrpcChannel(ConnectEndpoint endpoint, ConnectOptions options)
    {
        _endpoint = endpoint;
        _options = options;
        _http = new(options.Network?.Invoke() ?? Handler(endpoint, options), disposeHandler: true);
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Sends one message and takes one back.</summary>
    public Task<TAnswer> CallAsync<TAnswer>(string method, IMessage request, MessageParser<TAnswer> parser, TimeSpan deadline, CancellationToken cancellation)
        where TAnswer : class, IMessage<TAnswer> => CallAsync(method, _ => One(request), parser, deadline, cancellation);

    /// <summary>Sends a stream of messages and takes one back.</summary>
    public async Task<TAnswer> CallAsync<TAnswer>(
        string method,
        Func<CancellationToken, IAsyncEnumerable<IMessage>> requests,
        MessageParser<TAnswer> parser,
        TimeSpan deadline,
        CancellationToken cancellation)
        where TAnswer : class, IMessage<TAnswer>
    {
        using var stream = await OpenAsync(method, requests, parser, deadline, cancellation).ConfigureAwait(false);
        var answer = await stream.NextAsync(cancellation).ConfigureAwait(false) ?? throw RpcFailure.Protocol("The answer is missing");
        return await stream.NextAsync(cancellation).ConfigureAwait(false) is null ? answer : throw RpcFailure.Protocol("There is a second answer");
    }

    /// <summary>Sends one message and opens the stream of answers.</summary>
    public Task<ServerStream<TAnswer>> OpenAsync<TAnswer>(string method, IMessage request, MessageParser<TAnswer> parser, TimeSpan deadline, CancellationToken cancellation)
        where TAnswer : class, IMessage<TAnswer> => OpenAsync(method, _ => One(request), parser, deadline, cancellation);

    private async Task<ServerStream<TAnswer>> OpenAsync<TAnswer>(
        string method,
        Func<CancellationToken, IAsyncEnumerable<IMessage>> requests,
        MessageParser<TAnswer> parser,
        TimeSpan deadline,
        CancellationToken cancellation)
        where TAnswer : class, IMessage<TAnswer>
    {
        using var request = Request(method, requests, deadline);
        var clock = new CancellationTokenSource(deadline, _options.Time);
        HttpResponseMessage? response = null;
        try
        {
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, clock.Token);
            response = await _http.SendAsync(request, linked.Token).ConfigureAwait(false);
            CheckHead(response);
            var body = await response.Content.ReadAsStreamAsync(linked.Token).ConfigureAwait(false);
            return new(response, new(body, _options.MaxMessageBytes), parser, clock);
        }
        catch (Exception e)
        {
            var failure = Translate(e, clock.Token, cancellation);
            response?.Dispose();
            clock.Dispose();
            if (failure is not null)
            {
                throw failure;
            }

            throw;
        }
    }

    /// <summary>What an exception of the network layer means; null where it is to pass as it is.</summary>
    internal static Exception? Translate(Exception e, CancellationToken deadline, CancellationToken cancellation) => e switch
    {
        RpcFailure => null,
        _ when cancellation.IsCancellationRequested => e is OperationCanceledException ? null : new OperationCanceledException(e.Message, e, cancellation),
        _ when deadline.IsCancellationRequested => RpcFailure.Deadline(),
        OperationCanceledException => RpcFailure.Network("The connection could not be made in time", e),
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => RpcFailure.Security(e),
        HttpRequestException { HttpRequestError: HttpRequestError.VersionNegotiationError } => RpcFailure.Protocol("The server does not speak HTTP/2", e),
        HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => RpcFailure.Protocol("The headers are larger than allowed", e),
        HttpRequestException or IOException => RpcFailure.Network("The connection broke", e),
        _ => null,
    };

    private static async IAsyncEnumerable<IMessage> One(IMessage message)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        yield return message;
    }

    private static void CheckHead(HttpResponseMessage response)
    {
        // A call that fails before its first message has its status in the headers; a proxy that answers instead of Spark has none.
        if (response.Headers.Contains(GrpcStatus.CodeName))
        {
            GrpcStatus.ThrowUnlessOk(response.Headers);
        }

        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw RpcFailure.Http((int)response.StatusCode);
        }

        if (response.Content.Headers.ContentType?.MediaType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) != true)
        {
            throw RpcFailure.Protocol("The answer is not gRPC");
        }
    }

    private static SocketsHttpHandler Handler(ConnectEndpoint endpoint, ConnectOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(30),
            ConnectTimeout = options.ConnectTimeout,
            KeepAlivePingDelay = options.KeepAlive,
            KeepAlivePingTimeout = options.KeepAlive,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = endpoint.UseTls && !endpoint.IsLoopback,
            ActivityHeadersPropagator = null,
        };
        if (options.TrustedAuthorities is { } authorities)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(authorities);
            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        }

        return handler;
    }

    private HttpRequestMessage Request(string method, Func<CancellationToken, IAsyncEnumerable<IMessage>> requests, TimeSpan deadline)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_endpoint.Base, Service + method))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new FrameContent(requests),
        };
        request.Headers.TE.ParseAdd("trailers");
        request.Headers.TryAddWithoutValidation("user-agent", _endpoint.UserAgent);
        request.Headers.Add("grpc-timeout", Math.Clamp((long)deadline.TotalMilliseconds, 1, 99_999_999).ToString(CultureInfo.InvariantCulture) + "m");
        if (_endpoint.Token is { } token)
        {
            request.Headers.TryAddWithoutValidation("authorization", "Bearer " + token);
        }

        foreach (var (name, value) in _endpoint.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }
}
