using Exai.Core.Admission.Shares;
using Exai.Core.Calls;

namespace Exai.Core.Tests.Admission.Shares;

/// <summary>What PostgreSQL keeps of the shares, in memory.</summary>
internal sealed class ShareBoard
{
    public List<ShareRow> Rows { get; } = [];

    public Dictionary<string, long> Renewals { get; } = [];

    public List<LearnedRow> Learned { get; } = [];

    public int Exchanges { get; set; }

    /// <summary>Told of a daemon that the others have declared dead.</summary>
    public Action<string> Removed { get; set; } = _ => { };

    /// <summary>Told of an epoch that has said something, where news are heard.</summary>
    public Action<string> Said { get; set; } = _ => { };

    public int Held(string epoch) => Rows.Where(row => row.Epoch == epoch).Sum(row => row.Held);
}

/// <summary>One daemon's way to the board, which can be away, slow, and lose what it carries.</summary>
internal sealed class BoardShares(ShareBoard board, string epoch, TimeSpan lease, TimeProvider time) : IPermitShares
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(100);

    private readonly LeaseWatch _watch = new(lease, time);
    private long _number;

    public event Action? Moved;

    /// <summary>What is asked waits until it is there again.</summary>
    public bool IsAway { get; set; }

    /// <summary>How long each half of the way takes.</summary>
    public Func<TimeSpan> Way { get; set; } = () => TimeSpan.FromMilliseconds(1);

    public void Hear() => Moved?.Invoke();

    public async ValueTask<ShareAnswer> ExchangeAsync(Func<ShareReport> report, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (IsAway)
            {
                await Task.Delay(Retry, time, cancellationToken);
                continue;
            }

            var (number, said) = (++_number, report());
            await Task.Delay(Way(), time, cancellationToken);
            // Away by now, it may have come there all the same.
            var answer = IsAway && _number % 2 == 0 ? null : Exchange(number, said);
            await Task.Delay(Way(), time, cancellationToken);
            if (!IsAway && answer is not null)
            {
                return answer;
            }
        }
    }

    /// <summary>As in one transaction.</summary>
    private ShareAnswer? Exchange(long number, ShareReport said)
    {
        if (board.Renewals.GetValueOrDefault(epoch) >= number)
        {
            return null;
        }

        board.Exchanges++;
        foreach (var (other, renewals) in board.Renewals.ToList())
        {
            if (other != epoch && _watch.IsSilent(other, DateTimeOffset.FromUnixTimeMilliseconds(renewals)))
            {
                board.Renewals.Remove(other);
                board.Rows.RemoveAll(row => row.Epoch == other);
                board.Removed(other);
            }
        }

        var settled = ShareBook.Settle(epoch, board.Rows, said.Claims);
        board.Renewals[epoch] = number;
        board.Rows.RemoveAll(row => row.Epoch == epoch);
        board.Rows.AddRange(settled.Mine);
        foreach (var change in said.Learned)
        {
            var there = board.Learned.Find(row => row.Limit.Provider == change.Limit.Provider && row.Limit.Model == change.Limit.Model);
            if (LearnedMerge.Merge(there, change) is { } merged)
            {
                board.Learned.Remove(there!);
                board.Learned.Add(merged);
            }
        }

        if (settled.IsNews)
        {
            board.Said(epoch);
        }

        return new ShareAnswer(settled.Grants, settled.Others, settled.SomebodyWaits, [.. board.Learned]);
    }
}
