using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DpSpark.Jobs.Records;

namespace DpSpark.Jobs.Running;

/// <summary>What makes two runs the same release (product words: release key).</summary>
internal static class ReleaseKey
{
    /// <summary>Hash of the job with its run date and purpose, without the input. May be published.</summary>
    public static string OfJob(RunRequest request)
    {
        var text = new StringBuilder("dpspark-job-v1\n");
        Append(text, request.CanonicalJob);
        Append(text, request.RunDate?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "");
        Append(text, request.Ledger?.Dataset ?? "");
        Append(text, request.Ledger?.Purpose ?? "");
        foreach (var (name, value) in request.Vars.OrderBy(v => v.Key, StringComparer.Ordinal))
        {
            Append(text, name);
            Append(text, value);
        }

        return Hex(text);
    }

    /// <summary>The release key. It depends on the input and stays in the ledger.</summary>
    /// <param name="jobHash">What <see cref="OfJob"/> gave.</param>
    /// <param name="fingerprint">Fingerprint of the input.</param>
    public static string Of(string jobHash, ReadOnlySpan<byte> fingerprint)
    {
        var text = new StringBuilder("dpspark-release-key-v1\n");
        Append(text, jobHash);
        Append(text, Convert.ToHexStringLower(fingerprint));
        Append(text, ReleaseRecord.MechanismVersion);
        return Hex(text);
    }

    private static void Append(StringBuilder text, string part) => text.Append(CultureInfo.InvariantCulture, $"{part.Length}:{part}\n");

    private static string Hex(StringBuilder text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
}
