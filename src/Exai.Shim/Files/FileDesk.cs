using System.Text.Json;
using Exai.Files;
using Exai.Protocol;
using Exai.Shim.Messages;

namespace Exai.Shim.Files;

/// <summary>
/// Where a call that names files stops before it goes on: its files are read beside the relay's loop, under a clock, and come back as
/// <c>_meta["exai/files"]</c> of the call. A later call on the same thread waits behind it, so that both take their places in order. Belongs to
/// the relay's one loop; not thread-safe.
/// </summary>
/// <param name="toolList">The tool list as it is known now.</param>
/// <param name="settings">EXAI's own folder, and EXAI_ALLOWED_ROOTS.</param>
/// <param name="post">Brings a result back into the loop.</param>
internal sealed class FileDesk(
    Func<string> toolList, ClientRoots roots, Func<(string Home, IReadOnlyList<string> AllowedRoots)> settings, IGitRunner git, Action<Action> post, TimeProvider time)
{
    private readonly Dictionary<RequestId, Desk> _open = [];

    /// <summary>Whether a call of this id is being prepared.</summary>
    public bool Contains(RequestId id) => _open.ContainsKey(id);

    /// <summary>Takes the call if it has files to be read, or has to wait for one that has.</summary>
    /// <param name="goOn">Called with the call as it is to be sent, and the bytes behind its files.</param>
    /// <param name="refuse">Called when it must not be sent.</param>
    /// <returns>False when the call needs nothing from here.</returns>
    public bool Take(Envelope call, Action<Envelope, IReadOnlyList<BlobSource>> goOn, Action<CallError> refuse)
    {
        var wishes = AttachWish.Of(call.ParamText("name") ?? "", toolList());
        var arguments = call.Param("arguments");
        wishes = [.. wishes.Where(wish => !JsonSlice.Member(arguments, wish.Argument).Value.IsEmpty)];
        var thread = call.ParamText("arguments", "continuation_id");
        var before = thread is null ? null : _open.Values.LastOrDefault(desk => desk.Thread == thread)?.Ended;
        if (wishes.Count == 0 && before is null)
        {
            return false;
        }

        var desk = new Desk(thread);
        _open.Add(call.Id!.Value, desk);
        // Owned through EndAsync.
        desk.Ended = WorkAsync(call, wishes, arguments, before, desk, goOn, refuse);
        return true;
    }

    /// <summary>The client does not want it any more; false when no such call is here.</summary>
    public bool Cancel(RequestId id)
    {
        if (!_open.Remove(id, out var desk))
        {
            return false;
        }

        desk.Cancelled.Cancel();
        return true;
    }

    /// <summary>The shim leaves.</summary>
    public async Task EndAsync()
    {
        var ending = _open.Values.Select(desk => desk.Ended).ToList();
        foreach (var id in _open.Keys.ToList())
        {
            Cancel(id);
        }

        await Task.WhenAll(ending);
    }

    private async Task WorkAsync(
        Envelope call, IReadOnlyList<AttachWish> wishes, ReadOnlyMemory<byte> arguments, Task? before, Desk desk,
        Action<Envelope, IReadOnlyList<BlobSource>> goOn, Action<CallError> refuse)
    {
        // Off the relay's loop: a disk may be slow.
        await Task.Yield();
        var (ready, blobs, error) = (call, (IReadOnlyList<BlobSource>)[], (CallError?)null);
        try
        {
            if (wishes.Count > 0)
            {
                var collected = await CollectAsync(arguments, wishes, desk.Cancelled.Token);
                (ready, blobs) = (WithFiles(call, collected.Files), collected.Blobs);
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
        catch (CallException refused)
        {
            error = refused.Error;
        }

        if (before is not null)
        {
            await before;
        }

        post(() =>
        {
            if (!_open.Remove(call.Id!.Value))
            {
                return;
            }

            desk.Cancelled.Dispose();
            if (error is null)
            {
                goOn(ready, blobs);
            }
            else
            {
                refuse(error);
            }
        });
    }

    private async Task<CollectedFiles> CollectAsync(ReadOnlyMemory<byte> arguments, IReadOnlyList<AttachWish> wishes, CancellationToken cancellationToken)
    {
        var (home, allowed) = settings();
        var workspace = Workspace.Of(await roots.KnownAsync(cancellationToken), Environment.CurrentDirectory, allowed);
        return await new CallFileReader(git, time).ReadAsync(arguments, wishes, new FileGate(workspace, home), cancellationToken);
    }

    private static Envelope WithFiles(Envelope call, IReadOnlyList<SentFile> files)
    {
        var list = JsonSerializer.Serialize([.. files], WireJson.Relaxed.SentFileArray);
        var (meta, start) = JsonSlice.Member(call.Bytes[call.ParamsStart..], "_meta");
        return Envelope.Parse(!meta.IsEmpty && meta.Span[0] == (byte)'{'
            ? JsonSlice.SetMember(call.Bytes, call.ParamsStart + start, MetaKeys.Files, list)
            : JsonSlice.SetMember(call.Bytes, call.ParamsStart, "_meta", $"{{\"{MetaKeys.Files}\":{list}}}"));
    }

    private sealed class Desk(string? thread)
    {
        public string? Thread => thread;

        public CancellationTokenSource Cancelled { get; } = new();

        public Task Ended { get; set; } = Task.CompletedTask;
    }
}
