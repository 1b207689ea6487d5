using System.Runtime.CompilerServices;
using Exai.Core.Models;
using Exai.Core.Providers;
using Exai.Core.Tests.Calls;
using Exai.Settings;
using Exai.Testing;
using Microsoft.Extensions.AI;

namespace Exai.Core.Tests.Models;

/// <summary>Providers for tests of routing.</summary>
internal static class TestProviders
{
    public static ModelProvider Glm { get; } = Create("glm", "glm-4.6", "glm-4.5-air") with { Dialect = "glm" };

    public static ModelProvider Kimi { get; } = Create("kimi", "kimi-k2-0905-preview", "kimi-k3") with
    {
        Dialect = "kimi",
        ThinkingModel = "kimi-thinking-preview",
        SpeedModel = "kimi-k2-turbo-preview",
    };

    public static ModelProvider Create(string name, params string[] models) =>
        new(name, new ScriptedChatClient(new VirtualTime()), TestDaemon.Clocks, models, 8192);

    /// <summary>A provider whose live list is what the function says, each time it is asked.</summary>
    public static ModelProvider Listing(string name, Func<CancellationToken, Task<IReadOnlyList<ModelDescription>>> list, params string[] models) =>
        new(name, new ListingClient(list), TestDaemon.Clocks, models, 8192);

    public static ModelProvider Listing(string name, string[] served, params string[] models) =>
        Listing(name, _ => Task.FromResult<IReadOnlyList<ModelDescription>>([.. served.Select(id => new ModelDescription { Id = id })]), models);

    private sealed class ListingClient(Func<CancellationToken, Task<IReadOnlyList<ModelDescription>>> list) : IChatClient, IModelLister
    {
        public Task<IReadOnlyList<ModelDescription>> ListModelsAsync(CancellationToken cancellationToken) => list(cancellationToken);

        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            await Task.CompletedTask;
            yield return new ChatResponseUpdate(ChatRole.Assistant, options!.ModelId!);
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => serviceType.IsInstanceOfType(this) ? this : null;

        public void Dispose()
        {
            // Holds nothing.
        }
    }
}
