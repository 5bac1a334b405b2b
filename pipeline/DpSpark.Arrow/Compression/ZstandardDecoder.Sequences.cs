namespace DpSpark.Arrow.Compression;

internal sealed unsafe partial class ZstandardDecoder
{
    /// <summary>Copies literals and matches to the output as the sequences say; the rest of the literals follow.</summary>
    private int DecodeSequences(Range source, Range literals, Output output, int count, ref RepeatOffsets history)
    {
        var target = output.Position;
        var limit = output.End - target < output.MaxBlock ? output.End : target + output.MaxBlock;
        var literal = literals.Position;
        if (count > 0)
        {
            fixed (SequenceEntry* lengths = _tables.LiteralLengths.Entries, offsets = _tables.Offsets.Entries, matches = _tables.MatchLengths.Entries)
            {
                var bits = new BackwardBits(source.Position, source.End);
                bits.Reload();
                var lengthState = lengths + bits.Read(_tables.LiteralLengths.Log);
                var offsetState = offsets + bits.Read(_tables.Offsets.Log);
                var matchState = matches + bits.Read(_tables.MatchLengths.Log);
                long first = history.First, second = history.Second, third = history.Third;
                while (true)
                {
                    // At most 31 + 16 bits here, then 16 + 26; a reload gives at least 57.
                    bits.Reload();
                    var offset = offsetState->Base + (long)bits.Read(offsetState->ExtraBits);
                    var matchLength = matchState->Base + (long)bits.Read(matchState->ExtraBits);
                    bits.Reload();
                    var literalLength = lengthState->Base + (long)bits.Read(lengthState->ExtraBits);
                    if (offsetState->ExtraBits > 1)
                    {
                        offset -= 3;
                        third = second;
                        second = first;
                        first = offset;
                    }
                    else
                    {
                        var repeat = offset - 1 + (literalLength == 0 ? 1 : 0);
                        if (repeat != 0)
                        {
                            offset = repeat switch { 1 => second, 2 => third, _ => first - 1 };
                            third = repeat == 1 ? third : second;
                            second = first;
                            first = offset;
                        }
                        else
                        {
                            offset = first;
                        }
                    }

                    if (literalLength > literals.End - literal || literalLength + matchLength > limit - target)
                    {
                        Damaged.Zstandard("a sequence is longer than its block");
                    }

                    var done = target + literalLength;
                    if ((ulong)(offset - 1) >= (ulong)(done - output.Start) || offset > output.Window)
                    {
                        Damaged.Zstandard("a match reaches outside the window");
                    }

                    if (output.End - done >= matchLength + WideCopy.Slack)
                    {
                        WideCopy.Copy16(literal, target, literalLength);
                        WideCopy.Match(done, offset, matchLength);
                    }
                    else
                    {
                        Buffer.MemoryCopy(literal, target, literalLength, literalLength);
                        WideCopy.MatchExact(done, offset, matchLength);
                    }

                    literal += literalLength;
                    target = done + matchLength;
                    if (--count == 0)
                    {
                        break;
                    }

                    lengthState = lengths + lengthState->Next + bits.Read(lengthState->Bits);
                    matchState = matches + matchState->Next + bits.Read(matchState->Bits);
                    offsetState = offsets + offsetState->Next + bits.Read(offsetState->Bits);
                }

                bits.RequireEnd();
                history.First = first;
                history.Second = second;
                history.Third = third;
            }
        }

        var rest = literals.End - literal;
        if (rest > limit - target)
        {
            Damaged.Zstandard("a block holds more than it may");
        }

        Buffer.MemoryCopy(literal, target, rest, rest);
        return (int)(target + rest - output.Position);
    }
}
