using System.Globalization;
using System.Net.Http.Headers;

namespace DpSpark.Connect.Transport;

/// <summary>The three headers or trailers that end a call.</summary>
internal static class GrpcStatus
{
    public const string CodeName = "grpc-status";

    /// <summary>Throws what the status says, unless it says that all went well.</summary>
    public static void ThrowUnlessOk(HttpResponseHeaders headers)
    {
        var text = First(headers, CodeName) ?? throw RpcFailure.Network("The stream ended without a status");
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code))
        {
            throw RpcFailure.Protocol("The status is not a number");
        }

        if (code != GrpcCodes.Ok)
        {
            throw RpcFailure.Server(code, Uri.UnescapeDataString(First(headers, "grpc-message") ?? ""), First(headers, "grpc-status-details-bin"));
        }
    }

    private static string? First(HttpResponseHeaders headers, string name) => headers.TryGetValues(name, out var values) ? values.First() : null;
}
