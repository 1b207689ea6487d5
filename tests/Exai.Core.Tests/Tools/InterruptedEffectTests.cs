using Exai.Core.Calls;
using Exai.Core.Models;
using Exai.Core.Providers.Services;
using Exai.Core.Tests.Calls;
using Exai.Protocol;
using Microsoft.Extensions.AI;
using Exai.Testing.Stores;

namespace Exai.Core.Tests.Tools;

/// <summary>What has an effect at a provider is begun once: a call whose daemon died meanwhile is not repeated by the next one.</summary>
public sealed class InterruptedEffectTests
{
    [Theory, EveryStore]
    public void Upload_whose_daemon_died_ends_interrupted_and_is_sent_once(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        var files = WithFiles(world);
        var request = world.Call("kimi_upload_files", new { files = new[] { "a.txt" } }, null, world.Files.Attach("files", "a.txt", "text"));

        var outcome = await DieMeanwhileAsync(world, request);

        (outcome.Error!.Code, outcome.Receipt.Runs).ShouldBe((ErrorCodes.Interrupted, 2));
        outcome.Text.ShouldContain("is not repeated");
        files.Effects.ShouldBe(["upload a.txt"]);
    });

    [Theory]
    [EveryStore("""{"operation":"delete","file_id":"file-1"}""")]
    [EveryStore("""{"operation":"cleanup_all","dry_run":false}""")]
    public void Deletion_whose_daemon_died_ends_interrupted_and_is_sent_once(StoreEngine store, string arguments) => CallWorld.Run(store, async world =>
    {
        var files = WithFiles(world);

        var outcome = await DieMeanwhileAsync(world, world.Call("kimi_manage_files", System.Text.Json.JsonElement.Parse(arguments)));

        outcome.Error!.Code.ShouldBe(ErrorCodes.Interrupted);
        files.Effects.ShouldBe(["delete file-1"]);
    });

    [Theory, EveryStore]
    public void Listing_whose_daemon_died_is_done_again(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        WithFiles(world);

        var outcome = await DieMeanwhileAsync(world, world.Call("kimi_manage_files", new { operation = "list" }));

        outcome.Error.ShouldBeNull();
        outcome.Text.ShouldContain("\"count\":1");
    });

    /// <summary>They take no place among the questions to models.</summary>
    [Theory, EveryStore]
    public void Upload_and_deletion_need_no_place_in_a_queue_that_is_full(StoreEngine store) => CallWorld.Run(store, async world =>
    {
        WithFiles(world);
        world.Admission = world.Admission with { GlobalLimit = 1, SessionLimit = 1, DefaultProviderLimit = 1, QueueMax = 1 };
        var daemon = world.Start();
        for (var asked = 0; asked < 4; asked++)
        {
            daemon.Calls.StartOrAttach(world.Chat($"question {asked}"));
        }

        var upload = await daemon.AskAsync(world.Call("kimi_upload_files", new { files = new[] { "a.txt" } }, null, world.Files.Attach("files", "a.txt", "text")));

        upload.Error.ShouldBeNull();
    });

    private static async Task<CallOutcome> DieMeanwhileAsync(CallWorld world, CallRequest request)
    {
        var first = world.Start();
        first.Calls.StartOrAttach(request);
        await world.AfterAsync(5);
        await first.KillAsync();
        return await world.Start().AskAsync(request);
    }

    private static SlowFiles WithFiles(CallWorld world)
    {
        var files = new SlowFiles(world);
        world.Providers = () => [new ModelProvider("kimi", new ClientWithFiles(world.Provider, files), TestDaemon.Clocks, ["kimi-k3"], MaxOutputTokens: 8192)];
        return files;
    }

    private sealed class ClientWithFiles(IChatClient chat, IProviderFiles files) : DelegatingChatClient(chat)
    {
        public override object? GetService(Type serviceType, object? serviceKey = null) => serviceType.IsInstanceOfType(files) ? files : base.GetService(serviceType, serviceKey);
    }

    /// <summary>An account with one file, where everything takes ten seconds.</summary>
    private sealed class SlowFiles(CallWorld world) : IProviderFiles
    {
        private static readonly ProviderFile File = new("file-1", "a.txt", "file-extract", 4, DateTimeOffset.UnixEpoch);

        /// <summary>What was begun.</summary>
        public List<string> Effects { get; } = [];

        public IReadOnlyList<string> Purposes => ["file-extract"];

        public async Task<ProviderFile> UploadAsync(FileUpload file, string purpose, CancellationToken cancellationToken = default)
        {
            Effects.Add($"upload {file.Name}");
            await Task.Delay(TimeSpan.FromSeconds(10), world.Time, cancellationToken);
            return File;
        }

        public Task<IReadOnlyList<ProviderFile>> ListAsync(string? purpose = null, CancellationToken cancellationToken = default) => Task.FromResult<IReadOnlyList<ProviderFile>>([File]);

        public async Task DeleteAsync(string fileId, CancellationToken cancellationToken = default)
        {
            Effects.Add($"delete {fileId}");
            await Task.Delay(TimeSpan.FromSeconds(10), world.Time, cancellationToken);
        }

        public Task<string> ReadTextAsync(FileUpload file, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    }
}
