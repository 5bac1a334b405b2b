using System.Buffers.Binary;
using System.Text;
using DpSpark.Arrow.Ipc;

namespace DpSpark.Tests.Worker;

/// <summary>What a worker wrote on a connection, taken apart to the last byte.</summary>
internal sealed class Answer
{
    private readonly byte[] _bytes;
    private int _at;

    private Answer(byte[] bytes) => _bytes = bytes;

    /// <summary>Everything written, as words: <c>rows</c> with the canonical bytes of the table, <c>timing</c> with its number of longs, <c>counters</c>, <c>error</c>, markers.</summary>
    public List<string> Parts { get; } = [];

    public List<string> Errors { get; } = [];

    /// <summary>Takes an answer apart.</summary>
    /// <param name="bytes">What was written.</param>
    /// <param name="handshake">Parts before the first task: p for a process id, t for a text.</param>
    /// <param name="timingLongs">Longs of a timing block before the two of spilled bytes.</param>
    public static Answer Parse(byte[] bytes, string handshake, int timingLongs)
    {
        var answer = new Answer(bytes);
        foreach (var part in handshake)
        {
            answer.Parts.Add(part == 'p' ? "pid" : answer.Text());
            answer._at += part == 'p' ? 4 : 0;
        }

        while (answer._at < bytes.Length)
        {
            answer.Next(timingLongs);
        }

        return answer;
    }

    private void Next(int timingLongs)
    {
        switch (Int())
        {
            case -6:
                Parts.Add("rows " + Table());
                break;
            case -3:
                _at += 8 * (timingLongs + 2);
                Parts.Add("timing");
                break;
            case -2:
                Errors.Add(Text());
                Parts.Add("error");
                break;
            case -1 when _at < _bytes.Length:
                Parts.Add("counters " + Int());
                break;
            case -1:
                Parts.Add("close");
                break;
            case -4:
                Parts.Add("again");
                break;
            case var other:
                throw new InvalidDataException("No part of an answer begins with " + other);
        }
    }

    private string Table()
    {
        using var stream = new MemoryStream(_bytes, _at, _bytes.Length - _at);
        using var reader = new ArrowStreamReader(stream, leaveOpen: true);
        using var canonical = new MemoryStream();
        var column = Assert.Single(reader.Schema.Fields);
        using var writer = new ArrowStreamWriter(canonical, new([column with { Name = "_0", Nullable = true }]));
        writer.Start();
        while (reader.ReadNext() is { } batch)
        {
            writer.Write(batch);
        }

        writer.Finish();
        _at += (int)stream.Position;
        return Convert.ToHexString(canonical.ToArray());
    }

    private int Int()
    {
        var value = BinaryPrimitives.ReadInt32BigEndian(_bytes.AsSpan(_at));
        _at += 4;
        return value;
    }

    private string Text()
    {
        var length = Int();
        _at += length;
        return Encoding.UTF8.GetString(_bytes, _at - length, length);
    }
}
