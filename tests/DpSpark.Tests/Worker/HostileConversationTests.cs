using DpSpark.Testing;

namespace DpSpark.Tests.Worker;

/// <summary>A Spark that truncates, lies and breaks off: the worker ends each conversation, promptly and with bounded memory, and never with an exception of its own.</summary>
public sealed class HostileConversationTests
{
    private const int Mutations = 5000;

    [SkippableFact]
    public void Run_CutAnywhere_EndsQuietly()
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        foreach (var recording in Recording.Versions.Select(v => Recording.All(v).First(r => r.Name == "map-reuse")))
        {
            for (var length = 0; length < recording.JvmToWorker.Length; length += 1 + (length / 97))
            {
                var conversation = Conversation.Replay(recording, recording.JvmToWorker[..length], new RecordedUdfs(), length);

                Assert.Equal(0, conversation.BytesLeft);
            }
        }
    }

    [SkippableFact]
    public void Run_ChangedBytes_EndsWithAnAnswerOrQuietlyAndTakesLittleMemory()
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        var recordings = Recording.Versions.SelectMany(Recording.All).Where(r => r.JvmToWorker.Length < 40_000).ToArray();
        var random = new Random(41);
        for (var i = 0; i < Mutations; i++)
        {
            var recording = recordings[random.Next(recordings.Length)];
            var input = Mutated(recording.JvmToWorker, random);
            var before = GC.GetAllocatedBytesForCurrentThread();

            var conversation = Conversation.Replay(recording, input, new RecordedUdfs(), i);

            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < 64 << 20, $"conversation {i} ({recording.Version} {recording.Name}) allocated {allocated} bytes");
            Assert.True(conversation.Written.Length < 1 << 20, $"conversation {i} ({recording.Version} {recording.Name}) wrote {conversation.Written.Length} bytes");
        }
    }

    private static byte[] Mutated(byte[] original, Random random)
    {
        var bytes = original.ToArray();
        // Mostly behind the handshake: a changed secret ends a conversation at once.
        for (var changes = random.Next(1, 5); changes > 0; changes--)
        {
            var at = random.Next(Math.Min(72, bytes.Length - 1), bytes.Length);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.AsSpan(at, Math.Min(4, bytes.Length - at)).Fill(random.Next(2) == 0 ? (byte)0xFF : (byte)0x7F);
                    break;
                case 3:
                    bytes = [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + random.Next(1, 40))..]];
                    break;
                default:
                    bytes = [.. bytes[..at], .. bytes.AsSpan(random.Next(bytes.Length / 2), random.Next(1, 40)), .. bytes[at..]];
                    break;
            }
        }

        return bytes;
    }
}
