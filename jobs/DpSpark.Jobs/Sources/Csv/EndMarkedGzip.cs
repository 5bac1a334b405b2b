using System.IO.Compression;

namespace DpSpark.Jobs.Sources.Csv;

/// <summary>
/// The bytes of a gzip file with one more member behind them, which unzips to <see cref="Mark"/>. <see cref="GZipStream"/> takes most cut-off files for complete; with the
/// member in place, whoever finds the mark at the end of the content knows that every member before it was whole, and whoever does not knows that the file is damaged.
/// </summary>
internal sealed class EndMarkedGzip(Stream inner) : Stream
{
    private static readonly byte[] s_member = MakeMember();
    private bool _any;
    private int _given = -1;

    /// <summary>Bytes that no text has: none of them is ASCII, none occurs in UTF-8.</summary>
    public static ReadOnlySpan<byte> Mark => [0xFE, 0xFD, 0xFC, 0xFB, 0xFA, 0xF9, 0xF8, 0xFF, 0xF8, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF];

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (_given < 0)
        {
            var read = inner.Read(buffer);
            if (read > 0 || buffer.IsEmpty)
            {
                _any |= read > 0;
                return read;
            }

            _given = _any ? 0 : s_member.Length; // an empty file is no gzip file
        }

        var take = Math.Min(buffer.Length, s_member.Length - _given);
        s_member.AsSpan(_given, take).CopyTo(buffer);
        _given += take;
        return take;
    }

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private static byte[] MakeMember()
    {
        using var bytes = new MemoryStream();
        using (var zip = new GZipStream(bytes, CompressionLevel.Fastest, leaveOpen: true))
        {
            zip.Write(Mark);
        }

        return bytes.ToArray();
    }
}
