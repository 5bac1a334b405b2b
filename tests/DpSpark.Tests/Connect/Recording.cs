using System.Text.Json;
using DpSpark.Testing;

namespace DpSpark.Tests.Connect;

/// <summary>Messages of a recorded conversation with a real server, in the order they went over the wire.</summary>
internal sealed class Recording
{
    private readonly List<(string Message, byte[] Bytes)> _messages;

    private Recording(List<(string, byte[])> messages) => _messages = messages;

    /// <summary>Names of all conversations.</summary>
    public static string[] Scenarios()
    {
        using var index = JsonDocument.Parse(File.ReadAllBytes(SharedFiles.PathOf("vectors", "spark-connect", "index.json")));
        return [.. index.RootElement.GetProperty("scenarios").EnumerateArray().Select(s => s.GetProperty("name").GetString()!)];
    }

    public static Recording Of(string scenario)
    {
        var folder = SharedFiles.PathOf("vectors", "spark-connect");
        using var index = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "index.json")));
        var found = index.RootElement.GetProperty("scenarios").EnumerateArray().Single(s => s.GetProperty("name").GetString() == scenario);
        return new([.. found.GetProperty("messages").EnumerateArray().Select(m =>
            (m.GetProperty("message").GetString()!.Split('.')[^1], File.ReadAllBytes(Path.Combine(folder, m.GetProperty("file").GetString()!))))]);
    }

    public int Count => _messages.Count;

    /// <summary>One message by its number in the file names, from 1.</summary>
    public byte[] this[int number] => _messages[number - 1].Bytes;

    public string NameOf(int number) => _messages[number - 1].Message;

    /// <summary>The messages from one number to another, both included.</summary>
    public IEnumerable<byte[]> Between(int first, int last) => _messages[(first - 1)..last].Select(m => m.Bytes);
}
