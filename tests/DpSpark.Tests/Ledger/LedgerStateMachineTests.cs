using DpSpark.Core.Parameters;
using DpSpark.Jobs.Ledger;
using FsCheck;
using FsCheck.Fluent;
using static DpSpark.Tests.Ledger.LedgerFolder;

namespace DpSpark.Tests.Ledger;

/// <summary>Random lives of a ledger against a model that counts what was truly spent.</summary>
public sealed class LedgerStateMachineTests
{
    private enum Act
    {
        Reserve, Run, Stage, Commit, Free, Crash, Later, Cap,
    }

    private static readonly Gen<(Act Act, int Key, int Amount)[]> s_lives =
        (from act in Gen.Elements(Act.Reserve, Act.Reserve, Act.Run, Act.Stage, Act.Commit, Act.Free, Act.Crash, Act.Later, Act.Cap)
         from key in Gen.Choose(0, 3)
         from amount in Gen.Choose(1, 9)
         select (act, key, amount)).ArrayOf(30);

    [Fact]
    public void Ledger_RandomLives_NeverShowsLessThanWasSpent() =>
        Prop.ForAll(s_lives.ToArbitrary(), Live).Check(Config.QuickThrowOnFailure.WithMaxTest(25).WithReplay(20_261_121, 7));

    private static void Live((Act Act, int Key, int Amount)[] life)
    {
        using var folder = new LedgerFolder();
        using var ledger = folder.Open();
        var held = new Dictionary<int, IReservation>();
        var secrets = new Dictionary<string, string>();
        var seen = new Dictionary<long, decimal>(); // entry → epsilon, for every release of which an output may have been seen
        decimal? cap = null;
        foreach (var (act, key, amount) in life)
        {
            var reservation = held.GetValueOrDefault(key);
            switch (act)
            {
                case Act.Reserve when reservation is null:
                    Reserve(ledger, key, amount, cap, held, secrets);
                    break;
                case Act.Run:
                    reservation?.MarkRunning();
                    break;
                case Act.Stage when reservation is { State: not ReleaseState.Reserved }:
                    reservation.MarkStaged("s", "sha", "{}");
                    break;
                case Act.Commit when reservation is { State: ReleaseState.Staged }:
                    var committed = reservation.Commit("sha", "{}");
                    seen.Add(committed.Entry, decimal.Parse(committed.Epsilon.ToString(), null));
                    held.Remove(key);
                    break;
                case Act.Free when reservation is { State: ReleaseState.Reserved, Attempts: 1 }:
                    reservation.Free();
                    held.Remove(key);
                    break;
                case Act.Crash:
                    reservation?.Dispose();
                    held.Remove(key);
                    break;
                case Act.Later:
                    folder.Time.Advance(TimeSpan.FromHours(amount));
                    break;
                case Act.Cap when amount > 6:
                    cap = amount;
                    ledger.SetCap("d", ExactDecimal.Create(amount, 0), ExactDecimal.One, "o");
                    break;
            }

            Check(ledger, seen, held);
        }

        foreach (var reservation in held.Values)
        {
            reservation.Dispose();
        }

        Assert.True(ledger.Verify().IsOk);
    }

    private static void Reserve(BudgetLedger ledger, int key, int amount, decimal? cap, Dictionary<int, IReservation> held, Dictionary<string, string> secrets)
    {
        var request = Request($"k{key}", epsilon: $"0.{amount}");
        ReserveOutcome outcome;
        try
        {
            outcome = ledger.Reserve(request);
        }
        catch (BudgetExceededException e)
        {
            Assert.True(e.RequestedEpsilon > e.RemainingEpsilon);
            return;
        }

        if (outcome.Reservation is not { } reservation)
        {
            Assert.NotNull(outcome.Replay);
            return;
        }

        held.Add(key, reservation);
        var secret = Convert.ToHexString(reservation.Secret.Span);
        Assert.Equal(secrets.GetValueOrDefault(reservation.ReleaseId, secret), secret);
        Assert.Equal(reservation.Attempts == 1, secrets.TryAdd(reservation.ReleaseId, secret));
        Assert.Equal(secrets.Count, secrets.Values.Distinct().Count());
        if (reservation.Attempts == 1 && cap is { } limit)
        {
            Assert.True(decimal.Parse(reservation.Budget.SpentEpsilon.ToString(), null) <= limit);
        }
    }

    private static void Check(BudgetLedger ledger, Dictionary<long, decimal> seen, Dictionary<int, IReservation> held)
    {
        var history = ledger.History("d");
        var shown = decimal.Parse(ledger.Show("d").SpentEpsilon.ToString(), null);
        var open = history.Where(h => held.Values.Any(r => r.Entry == h.Number)).Sum(h => decimal.Parse(h.Epsilon.ToString(), null));
        Assert.True(shown >= seen.Values.Sum() + open);
        Assert.Equal(history.Where(h => h.State != ReleaseState.Freed).Sum(h => decimal.Parse(h.Epsilon.ToString(), null)), shown);
        Assert.Equal(seen.Keys.Order(), history.Where(h => h.State == ReleaseState.Committed).Select(h => h.Number).Order());
        Assert.All(held.Values, r => Assert.Equal(r.State, history.First(h => h.Number == r.Entry).State));
    }
}
