using System.Text.Json;
using Exai.Protocol;
using Exai.Testing.Files;

namespace Exai.Files.Tests;

/// <summary>A collector for a project's files.</summary>
internal static class Collecting
{
    extension(TempProject project)
    {
        public FileGate Gate => new(Workspace.Of([project.Root], "/", []), project.Home);

        public Task<CollectedFiles> CollectAsync(params string[] paths) => project.CollectAsync("file", paths);

        public Task<CollectedFiles> CollectAsync(string kind, string[] paths, bool binary = false) => new FileCollector(project.Gate, new GitReader(new GitRunner())).CollectAsync(
            JsonSerializer.SerializeToElement(new { files = paths }), [new AttachWish("files", kind, binary)], CancellationToken.None);

        /// <summary>What a refused call is told.</summary>
        public async Task<string> DeniedAsync(params string[] paths)
        {
            var refusal = await Should.ThrowAsync<CallException>(() => project.CollectAsync(paths));
            refusal.Error.Code.ShouldBe(ErrorCodes.FileDenied);
            return refusal.Error.Message;
        }
    }
}
