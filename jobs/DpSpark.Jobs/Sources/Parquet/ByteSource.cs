using Microsoft.Win32.SafeHandles;

namespace DpSpark.Jobs.Sources.Parquet;

/// <summary>Bytes at any offset, for several threads at once.</summary>
internal abstract class ByteSource : IDisposable
{
    public abstract long Length { get; }

    /// <summary>Fills the span with the bytes at the offset.</summary>
    /// <exception cref="ParquetFormatException">The file ends before.</exception>
    public void Read(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var read = ReadSome(offset, destination);
            if (read <= 0)
            {
                throw new ParquetFormatException($"The file ends at byte {offset}, while more was expected; it became shorter while it was read.");
            }

            offset += read;
            destination = destination[read..];
        }
    }

    public abstract void Dispose();

    protected abstract int ReadSome(long offset, Span<byte> destination);

    internal sealed class OfHandle(SafeFileHandle handle, bool owned) : ByteSource
    {
        public override long Length { get; } = RandomAccess.GetLength(handle);

        public override void Dispose()
        {
            if (owned)
            {
                handle.Dispose();
            }
        }

        protected override int ReadSome(long offset, Span<byte> destination) => RandomAccess.Read(handle, destination, offset);
    }

    /// <summary>A seekable stream; readers take turns.</summary>
    internal sealed class OfStream(Stream stream, bool owned) : ByteSource
    {
        private readonly Lock _lock = new();

        public override long Length { get; } = stream.Length;

        public override void Dispose()
        {
            if (owned)
            {
                stream.Dispose();
            }
        }

        protected override int ReadSome(long offset, Span<byte> destination)
        {
            lock (_lock)
            {
                stream.Position = offset;
                return stream.Read(destination);
            }
        }
    }
}
