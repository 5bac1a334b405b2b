using System.Security.Cryptography;
using DpSpark.Core;
using DpSpark.Core.Stages;
using DpSpark.Core.Stages.Hosting;

namespace DpSpark.Worker.Udfs;

/// <summary>Keysets that came as files, read once per process while a task uses them.</summary>
internal sealed class KeysetCache
{
    private const long MaxBytes = 1L << 30;
    private readonly Dictionary<string, WeakReference<KeysetIndex>> _known = [];

    /// <summary>Reads a keyset.</summary>
    /// <param name="path">Where it lies.</param>
    /// <param name="sha256">What its bytes must be.</param>
    /// <exception cref="DpSparkException">The file is missing, or another one (DPS6407).</exception>
    public KeysetIndex Open(string path, byte[] sha256)
    {
        var name = Convert.ToHexString(sha256);
        lock (_known)
        {
            if (_known.TryGetValue(name, out var known) && known.TryGetTarget(out var index))
            {
                return index;
            }

            var read = new KeysetIndex(KeysetFile.Read(ReadFile(path, sha256)));
            _known[name] = new WeakReference<KeysetIndex>(read);
            return read;
        }
    }

    private static byte[] ReadFile(string path, byte[] sha256)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length > MaxBytes)
        {
            throw Fault("is not on this executor");
        }

        var bytes = File.ReadAllBytes(path);
        return SHA256.HashData(bytes).AsSpan().SequenceEqual(sha256) ? bytes : throw Fault("is not the one that the job was planned with");
    }

    private static DpSparkException Fault(string what) =>
        new("DPS6407", ExitCodes.Environment, "The keyset's file " + what + ".", null, ["Run the job again: the file is shipped anew."]);
}
