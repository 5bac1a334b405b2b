using System.Globalization;
using DpSpark.Core.Stages.Hosting;
using DpSpark.Testing;
using DpSpark.Worker.Udfs;

namespace DpSpark.Tests.Worker;

/// <summary>
/// The step that merges, selects and adds noise, over the worker's wire and from a hostile peer. No recording has its input; it is composed, and shown to be right by what the worker answers before it is changed.
/// </summary>
public sealed class HostileReleaseTests : IDisposable
{
    /// <summary>Conversations, besides the 100 000 of <see cref="HostileConversationTests"/>. One takes milliseconds: it draws noise.</summary>
    private static readonly int s_cases = Watched.IsLong ? 40_000 : 4_000;

    private readonly ReleaseConversation[] _releases = ReleaseConversation.All();

    private static Recording[] Recordings => [.. Recording.Versions.Where(v => v != "3.5.7").Select(v => Recording.All(v).First(r => r.Name == "dp-pipeline"))];

    public void Dispose() => Array.ForEach(_releases, r => r.Dispose());

    [SkippableFact]
    public void Run_ReleaseStepOfEveryWire_GivesTheLocalEnginesRows()
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        var host = Host();
        foreach (var release in _releases)
        {
            var expected = release.Expected();
            Assert.InRange(expected.Length, 2, 5);
            foreach (var recording in Recordings)
            {
                var conversation = Conversation.Replay(recording, release.Bytes(recording, release.Command(), out _), host);

                Assert.Equal([], HostilePeer.ErrorsOf(conversation));
                Assert.Equal(0, conversation.BytesLeft);
                Assert.Equal(expected, ReleaseConversation.RowsOf(conversation, recording));
            }
        }
    }

    [SkippableFact]
    public async Task Run_ChangedReleaseStep_EndsWithAnAnswerOrQuietlyTakesLittleMemoryAndTellsNothing()
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);
        var conversations = _releases.SelectMany(release => Recordings.Select(recording => (release, recording))).ToArray();
        var random = new Random(43);
        var host = Host();
        var ends = new SortedDictionary<string, int>(StringComparer.Ordinal);

        await Watched.RunAsync(s_cases, i =>
        {
            var (release, recording) = conversations[i % conversations.Length];
            var command = release.Command();
            var end = (i / conversations.Length % 20) switch
            {
                < 7 => HostilePeer.Converse(i, recording, HostilePeer.Change(release.Bytes(recording, command, out _), random), host, release.Secrets),
                < 10 => Damaged(i, release, recording, Mutations.Of(command, random)),

                // A description that is wrong and has the right SHA-256: of a peer that writes its own.
                < 11 => HostilePeer.Converse(i, recording, release.Bytes(recording, StageRequest.Seal(Mutations.Of(command.AsSpan()[..^32], random)), out _), host, release.Secrets, isNonsense: true),
                _ => HostilePeer.Converse(i, recording, Mutations.Of(release.Bytes(recording, command, out var rows), random, rows), host, release.Secrets),
            };
            ends[end] = ends.GetValueOrDefault(end) + 1;
            return Task.CompletedTask;
        });

        // A step that changed on its way is refused, whatever changed in it.
        string Damaged(int number, ReleaseConversation release, Recording recording, byte[] command)
        {
            var end = HostilePeer.Converse(number, recording, release.Bytes(recording, command, out _), host, release.Secrets);
            Assert.True(end is "DPS6404" or "DPS7005" || command.AsSpan().SequenceEqual(release.Command()), $"conversation {number} ended with '{end}'");
            return end;
        }

        // Quiet ends, headers and rows that cannot be read, steps that make no sense, and rows that are not those of the step.
        Assert.All(new[] { "", "DPS6402", "DPS6404", "DPS6405" }, code => Assert.True(ends.GetValueOrDefault(code) > s_cases / 100, $"{code}: " + string.Join(", ", ends.Select(e => string.Create(CultureInfo.InvariantCulture, $"{e.Key} {e.Value}")))));
    }

    private static StageUdfHost Host() => new(new CountingSpillStore(), 16 << 20);
}
