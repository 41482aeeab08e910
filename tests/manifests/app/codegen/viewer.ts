import { graphql } from './made'

export const ViewerQuery = graphql(`
    query Viewer {
        viewer {
            roles
        }
        ...Service
    }
`)

export const Service = graphql(`
    fragment Service on Query {
        service {
            name
        }
    }
`)
